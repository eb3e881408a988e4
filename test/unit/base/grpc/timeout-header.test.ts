import { expect, test } from 'vitest';
import { timeoutOf } from '../../../../src/base/grpc/timeout-header.js';

test('a timeout in each of its units', () => {
  expect(['2H', '3M', '4S', '50m', '6000u', '7000000n'].map(timeoutOf)).toEqual([
    7_200_000, 180_000, 4_000, 50, 6, 7,
  ]);
});

test('none where there is none that can be read; one of years ends no earlier than a timer can', () => {
  expect([undefined, '', '5', 'S', '-1S', '123456789S', '5x', ['1S', '2S']].map(timeoutOf)).toEqual(
    new Array(8).fill(undefined),
  );
  expect(timeoutOf('99999999H')).toBe(2 ** 31 - 1);
});
