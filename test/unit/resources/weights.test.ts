import fc from 'fast-check';
import { expect, test } from 'vitest';
import { envoyWeights } from '../../../src/resources/weights.js';

const MOST = 4_294_967_295;
const sum = (weights: readonly number[]) => weights.reduce((total, weight) => total + weight, 0);

test.each([
  [[], []],
  [[7], [7]],
  [
    [1, 3],
    [1, 3],
  ],
  [
    [100, 1, 50],
    [100, 1, 50],
  ],
  [
    [0.5, 1.5],
    [5, 15],
  ],
  [
    [0.25, 1],
    [25, 100],
  ],
  [
    [0.1, 0.2, 0.3],
    [1, 2, 3],
  ],
  [[1e-6], [1]],
  [[1e-9], [1]],
  [[MOST], [MOST]],
  [
    [MOST - 1, 1],
    [MOST - 1, 1],
  ],
])('%j become %j', (weights, whole) => {
  expect(envoyWeights(weights)).toEqual(whole);
});

test('a third keeps its ratio to a million', () => {
  expect(envoyWeights([1 / 3, 1])).toEqual([333_333, 1_000_000]);
});

test('sums beyond the bound are scaled down in their ratios', () => {
  const [small = 0, large = 0] = envoyWeights([4e9, 12e9]);
  expect(small + large).toBeLessThanOrEqual(MOST);
  expect(small + large).toBeGreaterThan(MOST * 0.999);
  expect(large / small).toBeCloseTo(3, 6);
});

test('rounding up does not carry a sum over the bound', () => {
  expect(sum(envoyWeights([4294.967294, 4e-7, 4e-7]))).toBeLessThanOrEqual(MOST);
  expect(sum(envoyWeights([MOST, 0.5, 0.5]))).toBeLessThanOrEqual(MOST);
});

test('weights as large as numbers get are bounded like others', () => {
  const [a = 0, b = 0, c = 0] = envoyWeights([Number.MAX_VALUE, Number.MAX_VALUE / 2, 0.5]);
  expect(a / b).toBeCloseTo(2, 6);
  expect(c).toBe(1);
});

const weight = fc.oneof(
  fc.integer({ min: 1, max: 1_000 }),
  fc.integer({ min: 1, max: 2 ** 33 }),
  fc.double({ min: 1e-9, max: 100, noNaN: true }),
  fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }),
);

test('always whole, never 0, the sum within bounds, a larger weight never smaller than a lesser one', () => {
  fc.assert(
    fc.property(fc.array(weight, { maxLength: 30 }), (weights) => {
      const whole = envoyWeights(weights);
      expect(whole).toHaveLength(weights.length);
      expect(whole.every((value) => Number.isInteger(value) && value >= 1)).toBe(true);
      expect(sum(whole)).toBeLessThanOrEqual(MOST);
      const pairs = weights.map((from, index) => [from, whole[index] ?? 0] as const);
      const ordered = pairs.sort(([a, x], [b, y]) => a - b || x - y).map(([, value]) => value);
      expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});

test('whole weights that fit stay as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 100 }), (weights) => {
      expect(envoyWeights(weights)).toEqual(weights);
    }),
  );
});

test('ratios survive where the weights are not far apart', () => {
  const near = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(near, near, fc.constantFrom(1, 1e3, 1e9, 1e200), (a, b, size) => {
      const [x = 0, y = 0] = envoyWeights([a * size, b * size]);
      expect(x / y / (a / b)).toBeCloseTo(1, 3);
    }),
  );
});
