import pino from 'pino';
import type { LogFormat, LogLevel } from './log-level.js';
import { prettyLine } from './pretty.js';

/**
 * Lines on standard output, written in the background: a thousand proxies that come at once are not held up by their
 * lines. What is still to be written when the process ends is written then.
 */
export function createLogger(level: LogLevel, format: LogFormat = 'json'): pino.Logger {
  const output = standardOutput();
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'json' ? output : { write: (line) => output.write(prettyLine(line)) },
  );
}

/** Bytes that a pipe takes in one piece: the lines of several processes that write to one are not mixed. See pipe(7). */
const PIPE_BUF = 4_096;
/** Bytes that are written at once. */
const ENOUGH = 3_072;
/** How long fewer wait for more, milliseconds. */
const LONGEST_WAIT = 50;

let output: pino.DestinationStream | undefined;

function standardOutput(): pino.DestinationStream {
  if (output !== undefined) return output;
  const made = pino.destination({ dest: 1, sync: false, minLength: ENOUGH, maxWrite: PIPE_BUF });
  process.once('exit', () => made.flushSync());
  let waiting = false;
  const flush = () => {
    waiting = false;
    made.flush();
  };
  output = {
    write: (line) => {
      made.write(line);
      if (waiting) return;
      waiting = true;
      setTimeout(flush, LONGEST_WAIT).unref();
    },
  };
  return output;
}
