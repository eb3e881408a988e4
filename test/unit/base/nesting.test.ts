import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeeperThan, isTextDeeperThan } from '../../../src/base/nesting.js';

/** `[[…]]` or `{"a":{"a":…}}` of so many levels. */
function nested(levels: number, open: string, close: string, inside = ''): string {
  return open.repeat(levels) + inside + close.repeat(levels);
}

const SHAPES = [
  ['[', ']', ''],
  ['{"a":', '}', '1'],
  ['[{"a":', '}]', '1'],
] as const;

test.each([
  ['a scalar', 1, 0],
  ['null', null, 0],
  ['an empty list', [], 1],
  ['an empty object', {}, 1],
  ['lists in objects', { a: [{ b: [] }], c: 1 }, 4],
] as const)('%s', (_, value, levels) => {
  expect(isDeeperThan(value, levels)).toBe(false);
  expect(isDeeperThan(value, levels - 1)).toBe(levels > 0);
  expect(isTextDeeperThan(JSON.stringify(value), levels)).toBe(false);
  if (levels > 0) expect(isTextDeeperThan(JSON.stringify(value), levels - 1)).toBe(true);
});

test.each(SHAPES)(
  'a hundred thousand levels of %s%s are found, in text and in data',
  (open, close, inside) => {
    const text = nested(100_000, open, close, inside);
    expect(isTextDeeperThan(text, 32)).toBe(true);
    expect(isTextDeeperThan(text, 3_000_000)).toBe(false);
    const value: unknown = JSON.parse(text);
    expect(isDeeperThan(value, 32)).toBe(true);
    expect(isDeeperThan(value, 3_000_000)).toBe(false);
  },
);

test('data that contain themselves are too deep', () => {
  const list: unknown[] = [];
  list.push(list);
  expect(isDeeperThan(list, 32)).toBe(true);
});

test.each([
  ['"[[[["', 0],
  [String.raw`"\"[[[["`, 0],
  [String.raw`["\\",[]]`, 2],
  ['{"[[":"]]"}', 1],
  ['"[[', 0],
  [String.raw`"\ `, 0],
])('what stands in strings is no bracket: %s', (text, levels) => {
  expect(isTextDeeperThan(text, levels)).toBe(false);
  expect(isTextDeeperThan(text, levels - 1)).toBe(levels > 0);
});

test('text and data agree', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat({ max: 8 }), (value, most) => {
      const text = JSON.stringify(value);
      expect(isTextDeeperThan(text, most)).toBe(isDeeperThan(JSON.parse(text), most));
    }),
  );
});
