import { expect, test } from 'vitest';
import { ByteBudget } from '../../../src/base/byte-budget.js';

test('bytes count for all above, and are refused by the one that has no room', () => {
  const all = new ByteBudget(100, 'all');
  const [one, other] = [new ByteBudget(60, 'one', all), new ByteBudget(60, 'other', all)];
  expect(one.hold(50)).toBeUndefined();
  expect(one.hold(20)).toBe('one');
  expect(other.hold(55)).toBe('all');
  expect([one.bytes, other.bytes, all.bytes]).toEqual([50, 0, 50]);
  one.release(20);
  expect(other.hold(55)).toBeUndefined();
  expect(all.bytes).toBe(85);
});

test('what several hold at once counts once for each above them', () => {
  const all = new ByteBudget(100, 'all');
  const connections = [new ByteBudget(60, 'one', all), new ByteBudget(60, 'other', all)];
  const [a, b, c] = connections.flatMap((connection) => [
    new ByteBudget(1_000, '', connection),
    new ByteBudget(1_000, '', connection),
  ]);
  if (a === undefined || b === undefined || c === undefined) throw new Error('three');
  const names = {};
  expect([a, b, c].map((call) => call.share(names, 50))).toEqual([undefined, undefined, undefined]);
  expect([a.bytes, connections[0]?.bytes, connections[1]?.bytes, all.bytes]).toEqual([50, 50, 50, 50]);
  expect(a.share({}, 20)).toBe('one');
  expect(c.share({}, 55)).toBe('other');
  a.unshare(names);
  expect([connections[0]?.bytes, all.bytes]).toEqual([50, 50]);
  b.close();
  expect([connections[0]?.bytes, connections[1]?.bytes, all.bytes]).toEqual([0, 50, 50]);
  c.unshare(names);
  expect([c.bytes, all.bytes]).toEqual([0, 0]);
});

test('held twice by one, it is given back with the second', () => {
  const all = new ByteBudget(100, 'all');
  const call = new ByteBudget(100, 'call', all);
  const names = {};
  call.share(names, 30);
  call.share(names, 30);
  call.hold(5);
  call.unshare(names);
  expect(all.bytes).toBe(35);
  call.unshare(names);
  call.unshare(names);
  expect(all.bytes).toBe(5);
});

test('at the end everything is given back', () => {
  const all = new ByteBudget(100, 'all');
  const call = new ByteBudget(100, 'call', all);
  call.hold(5);
  call.share({}, 30);
  call.share({}, 40);
  call.close();
  expect([call.bytes, all.bytes]).toEqual([0, 0]);
});
