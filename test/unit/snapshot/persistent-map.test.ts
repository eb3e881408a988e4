import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PersistentMap } from '../../../src/snapshot/persistent-map.js';

const name = fc.oneof(fc.constantFrom('a', 'b', '', '__proto__', 'constructor'), fc.string({ maxLength: 3 }));
/** Entries to put, and with undefined to remove. */
const changes = fc.array(fc.tuple(name, fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined })));

function applied(
  map: ReadonlyMap<string, number>,
  entries: readonly (readonly [string, number | undefined])[],
) {
  const copy = new Map(map);
  for (const [key, value] of entries) {
    if (value === undefined) copy.delete(key);
    else copy.set(key, value);
  }
  return copy;
}
const mapOf = (entries: Iterable<readonly [string, number | undefined]>) =>
  PersistentMap.empty<number>().with(entries);

test('is a map, whatever is done to it in turn, and what it was before stays', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 5 }), (rounds) => {
      let model = new Map<string, number>();
      let map = PersistentMap.empty<number>();
      for (const round of rounds) {
        const [modelBefore, before] = [model, map];
        model = applied(model, round);
        map = map.with(round);
        expect(map.size).toBe(model.size);
        expect(new Map(map)).toEqual(model);
        expect(new Map(before)).toEqual(modelBefore);
        expect([...map.keys()].map((key) => map.get(key))).toEqual([...map.values()]);
        for (const [key] of round) {
          expect(map.get(key)).toBe(model.get(key));
          expect(map.has(key)).toBe(model.has(key));
        }
      }
    }),
  );
});

test('the order depends on the content alone', () => {
  fc.assert(
    fc.property(changes, changes, (first, second) => {
      const map = mapOf(first).with(second);
      expect([...mapOf([...map].reverse())]).toEqual([...map]);
    }),
  );
});

test('differing names are those whose values differ, once each', () => {
  fc.assert(
    fc.property(changes, changes, changes, (common, left, right) => {
      const base = mapOf(common);
      const [mine, theirs] = [base.with(left), base.with(right)];
      const all = new Set([...mine.keys(), ...theirs.keys()]);
      const expected = [...all].filter((key) => mine.get(key) !== theirs.get(key)).sort();
      expect(mine.differing(theirs).sort()).toEqual(expected);
      expect(theirs.differing(mine).sort()).toEqual(expected);
    }),
  );
});

test('no change is the same map', () => {
  const map = mapOf([['a', 1]]);
  expect(map.with([])).toBe(map);
  expect(map.differing(map)).toEqual([]);
});
