import { expect, test, vi } from 'vitest';
import { atOnce } from '../../../src/snapshot/steps.js';
import { NameSet, NameTable } from '../../../src/xds/name-set.js';

const table = new NameTable();
const sorted = (set: NameSet) => [...set].sort();

test('equal sets are one object, however they came about', () => {
  const ab = table.of(['a', 'b']);
  expect(table.of(['b', 'a', 'b'])).toBe(ab);
  expect(table.union(table.of(['a']), table.of(['b']))).toBe(ab);
  expect(table.difference(table.of(['a', 'b', 'c']), table.of(['c', 'd']))).toBe(ab);
  expect(table.intersection(table.of(['a', 'b', 'c']), table.of(['d', 'b', 'a']))).toBe(ab);
});

test('union, difference and intersection', () => {
  const [abc, bd] = [table.of(['a', 'b', 'c']), table.of(['b', 'd'])];
  expect(sorted(table.union(abc, bd))).toEqual(['a', 'b', 'c', 'd']);
  expect(sorted(table.difference(abc, bd))).toEqual(['a', 'c']);
  expect(sorted(table.intersection(abc, bd))).toEqual(['b']);
  expect(table.difference(abc, abc)).toBe(NameSet.EMPTY);
  expect(table.intersection(abc, NameSet.EMPTY)).toBe(NameSet.EMPTY);
  expect(table.union(NameSet.EMPTY, abc)).toBe(abc);
  expect(table.of([])).toBe(NameSet.EMPTY);
});

test('bytes that came before are not decoded again', () => {
  const decode = vi.fn(() => ['x', 'y']);
  const first = atOnce(table.ofBytes(Buffer.from('xy'), decode));
  expect(atOnce(table.ofBytes(Buffer.from('xy'), decode))).toBe(first);
  expect(decode).toHaveBeenCalledTimes(1);
  expect(sorted(first)).toEqual(['x', 'y']);
});
