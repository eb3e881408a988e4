import pino from 'pino';
import type { LogLevel } from './log-level.js';

/** JSON lines on standard output, written at once: nothing is lost when the process ends. */
export function createLogger(level: LogLevel): pino.Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
