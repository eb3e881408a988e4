import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Resource } from '../../../src/snapshot/resource.js';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { aResource } from '../../support/resources.js';

const setOf = (contents: Readonly<Record<string, string>>) => ResourceSet.EMPTY.with(changesOf(contents));
const changesOf = (contents: Readonly<Record<string, string | undefined>>) =>
  new Map(
    Object.entries(contents).map(([name, content]): [string, Resource | undefined] => [
      name,
      content === undefined ? undefined : aResource(name, content),
    ]),
  );
const namesOf = (set: ResourceSet) => [...set.names()].sort();

/** Contents by name, with undefined for what is to go. */
const someChanges = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
);

describe('with', () => {
  test('the version depends on the content alone, not on how it came about', () => {
    fc.assert(
      fc.property(fc.array(someChanges), (rounds) => {
        const set = rounds.reduce((before, round) => before.with(changesOf(round)), ResourceSet.EMPTY);
        const anew = ResourceSet.EMPTY.with(
          new Map([...set.values()].reverse().map((one) => [one.name, one])),
        );
        expect(anew.version).toBe(set.version);
        expect(anew.size).toBe(set.size);
        expect([...anew.names()]).toEqual([...set.names()]);
      }),
    );
  });

  test('equal content is the same set, with the resource that it had', () => {
    const set = setOf({ a: '1', b: '2' });
    const held = set.get('a');
    expect(set.with(changesOf({ a: '1', gone: undefined }))).toBe(set);
    expect(set.with(new Map())).toBe(set);
    expect(set.with(changesOf({ a: '1', b: '3' })).get('a')).toBe(held);
  });

  test('every content has a version of its own', () => {
    const sets = [{}, { a: '1' }, { a: '2' }, { b: '1' }, { a: '1', b: '1' }].map(setOf);
    expect(new Set(sets.map(({ version }) => version)).size).toBe(sets.length);
    expect(setOf({ a: '1', b: '1' }).with(changesOf({ b: undefined })).version).toBe(
      setOf({ a: '1' }).version,
    );
  });

  test('the set before stays as it was', () => {
    const before = setOf({ a: '1' });
    const version = before.version;
    before.with(changesOf({ a: '2', b: '1' }));
    expect([before.size, before.version, before.get('b')]).toEqual([1, version, undefined]);
  });

  test('names what has a TTL', () => {
    const withTtl = ResourceSet.EMPTY.with(
      new Map([
        ['a', aResource('a', '', { ttl: 5 })],
        ['b', aResource('b', '', { ttl: 5 })],
        ['c', aResource('c')],
      ]),
    );
    expect([...withTtl.expiring]).toEqual(['a', 'b']);
    const later = withTtl.with(
      new Map([
        ['a', aResource('a')],
        ['b', undefined],
        ['c', aResource('c', '', { ttl: 1 })],
      ]),
    );
    expect([...later.expiring]).toEqual(['c']);
    expect([...withTtl.expiring]).toEqual(['a', 'b']);
    expect(later.with(changesOf({ d: '1' })).expiring).toBe(later.expiring);
  });
});

describe('differencesFrom', () => {
  test('names what is new, changed or gone; worked out once', () => {
    const earlier = setOf({ same: '1', changed: '1', gone: '1' });
    const later = earlier.with(changesOf({ changed: '2', gone: undefined, added: '1' }));
    const names = later.differencesFrom(earlier);
    expect([...names].sort()).toEqual(['added', 'changed', 'gone']);
    expect(later.differencesFrom(earlier)).toBe(names);
    expect(later.differencesFrom(later)).toEqual([]);
  });

  test('there and back again is no difference where the resource is the same', () => {
    const first = setOf({ a: '1', b: '1' });
    const back = first.with(changesOf({ a: undefined })).with(new Map([['a', first.get('a')]]));
    expect(back.differencesFrom(first)).toEqual([]);
  });
});

describe('withRemovedOf', () => {
  test('keeps what is gone as it was, beside what is new', () => {
    const earlier = setOf({ same: '1', changed: '1', gone: '1' });
    const later = earlier.with(changesOf({ changed: '2', gone: undefined, added: '1' }));
    const both = later.withRemovedOf(earlier);
    expect(namesOf(both)).toEqual(['added', 'changed', 'gone', 'same']);
    expect(both.get('gone')).toBe(earlier.get('gone'));
    expect(both.get('changed')).toBe(later.get('changed'));
    expect(later.withRemovedOf(earlier)).toBe(both);
  });

  test('is the set itself where nothing is gone', () => {
    const earlier = setOf({ a: '1' });
    const later = earlier.with(changesOf({ a: '2', b: '1' }));
    expect(later.withRemovedOf(earlier)).toBe(later);
    expect(later.withRemovedOf(ResourceSet.EMPTY)).toBe(later);
  });
});

test('each set has an id of its own', () => {
  const set = setOf({ a: '1' });
  expect(set.id).not.toBe(ResourceSet.EMPTY.id);
  expect(set.with(changesOf({ a: '1' })).id).toBe(set.id);
  expect(set.with(changesOf({ a: '2' })).id).not.toBe(set.id);
});
