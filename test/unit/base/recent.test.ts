import { expect, test } from 'vitest';
import { Recent } from '../../../src/base/recent.js';

interface Entry {
  readonly name: string;
  readonly things: readonly (readonly [object, number])[];
}

const recent = (most: number, bytes: number) =>
  new Recent<Entry>(most, bytes, ({ things }) => things.map(([thing, weight]) => ({ thing, bytes: weight })));
const names = (memory: Recent<Entry>) => memory.entries.map(({ name }) => name);

test('the last few, oldest first', () => {
  const memory = recent(2, 100);
  for (const name of ['a', 'b', 'c']) memory.add({ name, things: [] });
  expect(names(memory)).toEqual(['b', 'c']);
});

test('up to a number of bytes, the last one in any case', () => {
  const memory = recent(8, 100);
  for (const [name, bytes] of [
    ['a', 60],
    ['b', 40],
    ['c', 10],
    ['d', 1_000],
    ['e', 1],
  ] as const)
    memory.add({ name, things: [[{}, bytes]] });
  expect(names(memory)).toEqual(['e']);
  expect(memory.bytes).toBe(1);
});

test('what several entries keep counts once, and as long as one of them keeps it', () => {
  const memory = recent(3, 100);
  const shared = {};
  for (const name of ['a', 'b', 'c'])
    memory.add({
      name,
      things: [
        [shared, 90],
        [{}, 1],
      ],
    });
  expect([names(memory), memory.bytes]).toEqual([['a', 'b', 'c'], 93]);
  for (const name of ['d', 'e', 'f']) memory.add({ name, things: [] });
  expect([names(memory), memory.bytes]).toEqual([['d', 'e', 'f'], 0]);
});
