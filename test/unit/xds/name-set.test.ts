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

test('a set knows the bytes of its names', () => {
  const [abc, more] = [table.of(['a', 'bb', 'é']), table.of(['bb', 'ccc'])];
  expect(abc.bytes).toBe(5);
  expect(table.union(abc, more).bytes).toBe(8);
  expect(table.difference(abc, more).bytes).toBe(3);
  expect(table.intersection(abc, more).bytes).toBe(2);
  expect(table.difference(abc, abc).bytes).toBe(0);
  expect(table.of(['x', 'x', 'x']).bytes).toBe(1);
  expect(abc.weight).toBe(5 + 3 * 64);
});

test('very many lists that say one set are not all remembered', () => {
  const own = new NameTable();
  const decode = vi.fn(() => ['*']);
  const list = (n: number) => atOnce(own.ofBytes(Buffer.from(`list ${n}`), decode));
  for (let n = 0; n < 20_000; n += 1) expect(list(n)).toBe(own.star);
  expect(decode).toHaveBeenCalledTimes(20_000);
  list(19_999);
  expect(decode).toHaveBeenCalledTimes(20_000);
  list(0);
  expect(decode).toHaveBeenCalledTimes(20_001);
});

test('long names are more work than short ones: pauses come by their characters', () => {
  const pauses = (count: number, length: number) => {
    const names = Array.from({ length: count }, (_, n) => `${n}`.padEnd(length, 'x'));
    const steps = new NameTable().ofInSteps(names);
    let seen = 0;
    while (steps.next().done !== true) seen += 1;
    return seen;
  };
  expect(pauses(1_000, 20)).toBe(0);
  // 4 MB, which take as long as 60,000 short ones.
  expect(pauses(1_000, 4_000)).toBeGreaterThan(30);
});
