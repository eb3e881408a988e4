import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoadWindow, MOST_BUCKETS } from '../../../../src/telemetry/load/load-window.js';
import { endpointLoad } from '../../../support/load.js';

const NOTHING = { successes: 0, errors: 0, dropped: 0, sightings: 0, busySeconds: 0, metrics: [] };

test('the last buckets are the whole ones before the current one', () => {
  const window = new LoadWindow([], 100);
  window.add(100, endpointLoad('a', { successes: 1, errors: 2, inProgress: 3 }), 4, 10);
  expect(window.last(6, 100)).toEqual(NOTHING);
  expect(window.last(1, 101)).toEqual({
    successes: 1,
    errors: 2,
    dropped: 4,
    sightings: 3,
    busySeconds: 30,
    metrics: [],
  });
  window.add(103, endpointLoad('a', { successes: 10 }), 0, 10);
  expect(window.last(4, 104).successes).toBe(11);
  expect(window.last(3, 104).successes).toBe(10);
  expect(window.last(4, 105).successes).toBe(10);
  expect(window.last(4, 1_000)).toEqual(NOTHING);
  expect(window.total().successes).toBe(11);
});

test('what instances say is summed by name, other names are left out', () => {
  const window = new LoadWindow(['a', 'b'], 0);
  const metrics = new Map([
    ['b', { requests: 2, sum: 5 }],
    ['invented', { requests: 1, sum: 1 }],
  ]);
  window.add(0, endpointLoad('x', { metrics }), 0, 10);
  window.add(1, endpointLoad('x', { metrics }), 0, 10);
  expect(window.last(2, 2).metrics).toEqual([
    { requests: 0, sum: 0 },
    { requests: 4, sum: 10 },
  ]);
});

test('whatever was added when, a window has the sum of its buckets', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1_000 })));
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: MOST_BUCKETS }), fc.nat(50), (all, count, after) => {
      const window = new LoadWindow([], 7);
      const added: (readonly [bucket: number, successes: number])[] = [];
      let bucket = 7;
      for (const [step, successes] of all) {
        bucket += step;
        window.add(bucket, endpointLoad('a', { successes }), 0, 10);
        added.push([bucket, successes]);
      }
      const now = bucket + after;
      const wanted = added.filter(([each]) => each >= now - count && each < now);
      expect(window.last(count, now).successes).toBe(wanted.reduce((sum, [, value]) => sum + value, 0));
    }),
  );
});
