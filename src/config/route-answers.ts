import { isIP } from 'node:net';
import { z } from 'zod';
import { duration } from './values.js';

const percent = z.number().min(0).max(100).default(100);

/** Faults that Envoy makes, for tests of clients. */
export const fault = z
  .strictObject({
    /** Before the request goes on. */
    delay: z
      .strictObject({
        time: duration('s').refine((milliseconds) => milliseconds > 0, 'expected a time above 0'),
        percent,
      })
      .optional(),
    /** In place of the service. */
    abort: z.strictObject({ status: z.number().int().min(200).max(599), percent }).optional(),
  })
  .refine(({ delay, abort }) => delay !== undefined || abort !== undefined, {
    error: 'expected "delay" or "abort"',
  });

const range = z.string().refine(isRange, 'expected an address or a range such as "10.0.0.0/8"');

/** Which clients may ask, by their addresses; others get 403. */
export const clientAddresses = z
  .strictObject({
    allow: z.array(range).min(1).optional(),
    deny: z.array(range).min(1).optional(),
    /** The address that the listener finds in `x-forwarded-for` counts, not the one that the connection comes from. */
    forwarded: z.boolean().optional(),
  })
  .refine(({ allow, deny }) => allow !== undefined || deny !== undefined, {
    error: 'expected "allow" or "deny"',
  });

/** What the client sees in the place of the service's answer. */
export const responseRewrite = z
  .strictObject({
    status: z.number().int().min(200).max(599).optional(),
    body: z.string().max(65_536).optional(),
  })
  .refine(({ status, body }) => status !== undefined || body !== undefined, {
    error: 'expected "status" or "body"',
  });

function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
}
