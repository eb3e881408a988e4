import pino from 'pino';
import type { LogFormat, LogLevel } from './log-level.js';
import { LogOutput } from './log-output.js';
import { loggedError } from './logged-error.js';
import { prettyLine } from './pretty.js';
import { printableLine } from './printable-line.js';

/**
 * Lines on standard output, written in the background: a thousand proxies that come at once are not held up by their
 * lines. What is still to be written when the process ends is written then.
 */
export function createLogger(level: LogLevel, format: LogFormat = 'json'): pino.Logger {
  const lines = standardOutput();
  const shape = format === 'json' ? (line: string) => line : prettyLine;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: loggedError },
    },
    { write: (line) => lines.write(shape(printableLine(line))) },
  );
}

let output: LogOutput | undefined;

/** One for all loggers of the process: lines of two would be mixed. */
function standardOutput(): LogOutput {
  output ??= new LogOutput(1);
  return output;
}
