import { printable } from '../base/printable.js';
import { messageOf } from '../errors.js';

/** What the log tells of something thrown. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  /** Where it came from, and what led to it, line by line. */
  readonly stack?: string;
}

const MOST_FRAMES = 20;
const MOST_CAUSES = 4;
/** Characters of a frame: paths are long. */
const LONGEST_FRAME = 300;

/**
 * Nothing but what every error has: what a library adds to its own, such as the request that failed, may hold a password.
 */
export function loggedError(thrown: unknown): LoggedError {
  const message = messageOf(thrown);
  if (!(thrown instanceof Error)) return { type: typeof thrown, message };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return {
    type: printable(String(thrown.name), LONGEST_FRAME),
    message,
    ...(code !== undefined && { code: printable(code, LONGEST_FRAME) }),
    stack: stackOf(thrown).join('\n'),
  };
}

/** A message may look like frames, or like lines of the log: it is told as one line, and frames are indented. */
function stackOf(error: Error, causes = MOST_CAUSES): readonly string[] {
  const frames = String(error.stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MOST_FRAMES)
    .map((line) => `    ${printable(line, LONGEST_FRAME)}`);
  const own = [`${printable(String(error.name), LONGEST_FRAME)}: ${printable(error.message)}`, ...frames];
  if (!(error.cause instanceof Error) || causes === 0) return own;
  const [head, ...rest] = stackOf(error.cause, causes - 1);
  return [...own, `caused by ${head}`, ...rest];
}
