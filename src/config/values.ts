import { z } from 'zod';
import { escapeUserInfo } from './user-info.js';

const PERCENTAGE = 'expected a percentage such as "50%"';
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds: 100 years. Envoy refuses what holds times that its own arithmetic cannot hold. */
const LONGEST = 100 * 365 * 24 * 60 * 60 * 1_000;

/** A length of time in milliseconds, read from a bare number of `unit` or a text with its own unit (`2s`, `500ms`). */
export function duration(unit: keyof typeof UNITS) {
  const error = `expected a number of ${unit}, or a text with a unit such as "2s" or "500ms"`;
  return z
    .union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)?\s*(ms|s|m|h)?$/, error)], { error })
    .transform((value) => {
      if (typeof value === 'number') return value * UNITS[unit];
      const [, number = '0', own = unit] = /^([\d.]+)\s*(\w*)$/.exec(value) ?? [];
      return Number(number) * UNITS[(own || unit) as keyof typeof UNITS];
    })
    .refine((milliseconds) => milliseconds <= LONGEST, 'expected a time of at most 100 years');
}

const SIZES = { '': 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;
const SIZE = /^(\d+)\s*(KiB|MiB|GiB)?$/;

/**
 * A number of bytes, read from a bare number or a text with a unit (`256MiB`).
 * @param least the fewest bytes that are accepted
 * @param most the most
 */
export function byteSize(least: number, most: number) {
  const error = 'expected a number of bytes, or a text with a unit such as "256MiB"';
  return z
    .union([z.number().int(), z.string().regex(SIZE, error)], { error })
    .transform((value) => {
      if (typeof value === 'number') return value;
      const [, number = '0', unit = ''] = SIZE.exec(value) ?? [];
      return Number(number) * SIZES[unit as keyof typeof SIZES];
    })
    .refine((bytes) => bytes >= least && bytes <= most, `expected ${least} to ${most} bytes`);
}

/** A share from 0 to 1, read from a percentage: `50%` or 50. */
export const share = z
  .union([z.number(), z.string().regex(/^\d+(\.\d+)?\s*%$/, PERCENTAGE)], { error: PERCENTAGE })
  .transform((value) => (typeof value === 'number' ? value : Number.parseFloat(value)) / 100)
  .refine((value) => value >= 0 && value <= 1, PERCENTAGE);

export const port = z.number().int().min(1).max(65535);

/** An endpoint to fall back on. */
export const defaultService = z.strictObject({
  host: z.string().min(1),
  port,
  weight: z.number().positive().optional(),
  /** When it answers: where nothing is left to serve, or also where none of the rest is healthy. */
  mode: z.enum(['empty', 'failover']).optional(),
  metadata: z
    .strictObject({
      weight: z.number().optional(),
      max_fails: z.number().optional(),
      fail_timeout: z.number().optional(),
    })
    .optional(),
});
export type DefaultService = z.output<typeof defaultService>;

/** An http or https URL of a registry's server; user and password in it need no escapes. */
export const serverUrl = z
  .string()
  .overwrite(escapeUserInfo)
  .refine(
    (text) => /^https?:\/\//.test(text) && URL.canParse(text),
    'expected a URL such as "http://127.0.0.1:8500"',
  );
