import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOf, PersistentMap } from '../../../src/snapshot/persistent-map.js';
import { atOnce } from '../../../src/snapshot/steps.js';

/** Names of one hash: each is made of parts that leave the hash where another of the same place does. */
function alike(count: number): string[] {
  let names = [''];
  while (names.length < count) {
    const seen = new Map<number, string>();
    for (let n = 0; ; n += 1) {
      const part = n.toString(36);
      const hash = hashOf(`${names[0]}${part}`);
      const other = seen.get(hash);
      seen.set(hash, part);
      if (other === undefined) continue;
      names = names.flatMap((before) => [before + other, before + part]);
      break;
    }
  }
  return names;
}

const ALIKE = alike(64);
const name = fc.oneof(
  fc.constantFrom('a', 'b', '', '__proto__', 'constructor'),
  fc.string({ maxLength: 3 }),
  fc.nat({ max: 2_000 }).map((number) => `service-${number}`),
  fc.constantFrom(...ALIKE),
);
/** Entries to put, and with undefined to remove. */
const change = fc.tuple(name, fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }));
const changes = fc.oneof(fc.array(change), fc.array(change, { minLength: 30, maxLength: 200 }));

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

test('names of one hash are told apart, however many', () => {
  expect(new Set(ALIKE.map(hashOf)).size).toBe(1);
  const map = PersistentMap.empty<true>().withAll(ALIKE, true);
  expect([...map.keys()].sort()).toEqual([...ALIKE].sort());
  const [first = '', ...others] = ALIKE;
  const fewer = map.withAll(others, undefined);
  expect([...fewer]).toEqual([[first, true]]);
  expect(fewer.equals(PersistentMap.empty<true>().with([[first, true]]))).toBe(true);
});

test('maps are equal if no name differs, whatever was before', () => {
  fc.assert(
    fc.property(changes, changes, (first, second) => {
      const map = mapOf(first).with(second);
      expect(mapOf([...map]).equals(map)).toBe(true);
      expect(mapOf(first).equals(map)).toBe(mapOf(first).differing(map).length === 0);
    }),
  );
});

test('very many names in steps are the same as at once', () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `service-${n}`);
  const map = mapOf(names.slice(5_000).map((each) => [each, 1]));
  const steps = map.withAllInSteps(names, 2);
  expect(steps.next().done).toBe(false);
  const all = atOnce(steps);
  expect(all.equals(map.withAll(names, 2))).toBe(true);
  expect(all.size).toBe(10_000);
  expect(atOnce(all.withAllInSteps(names.slice(1), undefined)).size).toBe(1);
});
