import { expect, test } from 'vitest';
import { TokenBucket } from '../../../../src/discovery/http/token-bucket.js';

test('a burst passes at once, then so many a second', () => {
  let now = 0;
  const bucket = new TokenBucket(2, 10, () => now);
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100, 200]);
  now = 200;
  expect(bucket.take()).toBe(100);
});

test('rest fills it up to the burst, no further', () => {
  let now = 0;
  const bucket = new TokenBucket(2, 10, () => now);
  now = 60_000;
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 100]);
});
