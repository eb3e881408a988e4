import { MOST_PRINTED, printable, printableJson } from '../base/printable.js';

/** Entries of a list or an object of a log line. */
const MOST_ENTRIES = 50;
/** Lists in lists. */
const DEEPEST = 5;
/** Characters of a whole line. */
const LONGEST_LINE = 32 * 1024;

/** Escapes in JSON, and what JSON leaves as it is and would steer what shows it. */
const SUSPICIOUS = /\\[bfnrtu]|[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * A line of the log as it may be printed: what proxies, registries and files say in it is bounded and steers nothing. The one
 * place that sees to it, for all fields.
 * @param line JSON, with the end of the line
 */
export function printableLine(line: string): string {
  // Nearly all are fine, and are not read for it.
  if (line.length <= MOST_PRINTED && !SUSPICIOUS.test(line)) return line;
  const { time, level, msg, ...fields }: Record<string, unknown> = Object(JSON.parse(line));
  const head = { level, time };
  const whole = written({ ...head, ...Object(clean(fields)), msg: clean(msg) });
  return whole.length <= LONGEST_LINE ? whole : written({ ...head, shortened: true, msg: clean(msg) });
}

function written(line: object): string {
  return `${printableJson(JSON.stringify(line))}\n`;
}

function clean(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return printable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '…';
  if (Array.isArray(value)) return value.slice(0, MOST_ENTRIES).map((item) => clean(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MOST_ENTRIES)
      // The lines of a stack are printable already, see `loggedError`.
      .map(([key, item]) => [printable(key), key === 'stack' ? item : clean(item, depth + 1)]),
  );
}
