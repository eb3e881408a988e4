import { isDeeperThan } from './base/nesting.js';

/** The deepest data that are made a text of. */
const DEEPEST = 64;

/**
 * Any value that JSON or YAML can say as a text; data that are nested very deep, or that contain themselves, as a text
 * that says so. `String` is not for these: of an object whose key `toString` holds something else than a function it
 * throws.
 */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return isDeeperThan(value, DEEPEST) ? `(nested deeper than ${DEEPEST} levels)` : JSON.stringify(value);
}

/** Any value that JSON or YAML can say as a number: NaN for what is none, for all objects too. See {@link textOf}. */
export function numberOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? Number.NaN : Number(value);
}
