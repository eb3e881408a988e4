import { z } from 'zod';
import type { Reasons } from './reasons.js';

const seconds = z.number().positive().optional();
const schema = z.strictObject({ connect: seconds, send: seconds, read: seconds });

/** APISIX's own where a document names none, milliseconds. */
const DEFAULT = 60_000;

export interface Times {
  /** Milliseconds. */
  readonly connect: number | undefined;
  /** How long nothing may come or go: what `send` and `read` are in APISIX, milliseconds. */
  readonly idle: number;
}

export const DEFAULT_TIMES: Times = { connect: undefined, idle: DEFAULT };

/** `timeout: { connect, send, read }`, seconds. */
export function readTimes(timeout: unknown, reasons: Reasons): Times {
  const read = schema.safeParse(timeout);
  if (!read.success) {
    reasons.add('"timeout" is not { connect, send, read } in seconds');
    return DEFAULT_TIMES;
  }
  const { connect, send = 0, read: reading = 0 } = read.data;
  const idle = Math.max(send, reading) * 1_000;
  return { connect: connect === undefined ? undefined : connect * 1_000, idle: idle > 0 ? idle : DEFAULT };
}
