import { expect, test } from 'vitest';
import { TokenBucket } from '../../../src/base/token-bucket.js';

test('a burst is there at once, what goes beyond it is owed and flows in with time', () => {
  let now = 0;
  const bucket = new TokenBucket(10, 5, () => now);
  for (let taken = 0; taken < 10; taken += 1) expect(bucket.take(1)).toBe(0);
  expect(bucket.take(1)).toBe(200);
  now = 100;
  expect(bucket.take(0)).toBe(100);
  now = 1_200;
  expect(bucket.take(5)).toBe(0);
  expect(bucket.take(1)).toBe(200);
});

test('it never holds more than the burst', () => {
  let now = 0;
  const bucket = new TokenBucket(2, 1, () => now);
  now = 1e9;
  expect(bucket.take(2)).toBe(0);
  expect(bucket.take(1)).toBe(1_000);
});
