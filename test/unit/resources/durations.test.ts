import { expect, test } from 'vitest';
import { protoDuration } from '../../../src/resources/durations.js';

test.each([
  [0, 0, 0],
  [250, 0, 250_000_000],
  [5_000, 5, 0],
  [1_500.5, 1, 500_500_000],
  [86_400_000, 86_400, 0],
])('%d ms', (milliseconds, seconds, nanos) => {
  expect(protoDuration(milliseconds)).toEqual({ seconds, nanos });
});
