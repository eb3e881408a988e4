import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/target.js';
import { TARGETS } from '../fuzz/targets.js';

/** `npm run fuzz` runs a million. */
const CASES = 250;
const LONGEST = 60_000;

test.each(TARGETS)(
  '$name: whatever they say, nothing breaks',
  async (target) => {
    const { cases, failure } = await fuzz(target, CASES, { seed: 1 });
    expect(failure).toBeUndefined();
    expect(cases).toBe(CASES);
  },
  LONGEST,
);
