/** A line of the log, written for people: time of day, level, what happened, and the fields that say of whom. */
export function prettyLine(json: string): string {
  let line: Readonly<Record<string, unknown>>;
  try {
    line = Object(JSON.parse(json));
  } catch {
    return json;
  }
  const { time, level, msg, ...fields } = line;
  const clock = String(time).slice(11, 23);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${shown(name, value)}`);
  return `${[clock, String(level).toUpperCase().padEnd(5), msg ?? '', ...pairs].join(' ')}\n`;
}

function shown(name: string, value: unknown): string {
  // The message is in the line already; where it came from follows below it.
  const stack = name === 'err' ? Object(value).stack : undefined;
  if (typeof stack === 'string') return `\n${stack}`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // What would steer a terminal, or look like two fields, is put in quotation marks and escaped.
  return /^[^\s"=\p{Cc}\p{Cf}]+$/u.test(text) || typeof value === 'object' ? text : JSON.stringify(text);
}
