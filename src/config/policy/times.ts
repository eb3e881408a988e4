import { duration } from '../values.js';

/** The longest time that a policy takes, milliseconds: a year, which Envoy's timers hold with ease. */
const LONGEST = 365 * 86_400_000;

/**
 * A time of a policy in milliseconds; a bare number counts in seconds.
 * @param least milliseconds; Envoy's timers count in whole ones, so that less than 1 would be none at all
 */
export const span = (least = 1) =>
  duration('s')
    .refine(
      (milliseconds) => milliseconds >= least,
      least === 1 ? 'expected a time above 0' : `expected ${least}ms or more`,
    )
    .refine((milliseconds) => milliseconds <= LONGEST, 'expected at most 365 days');
