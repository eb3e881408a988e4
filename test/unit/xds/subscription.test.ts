import { expect, test } from 'vitest';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { Subscription } from '../../../src/xds/subscription.js';
import { aResource } from '../../support/resources.js';

const table = new NameTable();
const setOf = (contents: Readonly<Record<string, string>>) =>
  ResourceSet.EMPTY.with(
    new Map(Object.entries(contents).map(([name, content]) => [name, aResource(name, content)])),
  );

test('equal subscriptions are one, and a wildcard beside names is another than the names', () => {
  const names = table.of(['a']);
  expect(Subscription.of(false, names)).toBe(Subscription.of(false, table.of(['a'])));
  expect(Subscription.of(true, names)).not.toBe(Subscription.of(false, names));
  expect([Subscription.of(true, names).covers('b'), Subscription.of(false, names).covers('b')]).toEqual([
    true,
    false,
  ]);
});

test('what is not asked for does not change the version', () => {
  const asked = Subscription.of(false, table.of(['a', 'gone']));
  const versionOf = (contents: Readonly<Record<string, string>>) => asked.versionOf(setOf(contents));
  const version = versionOf({ a: '1', b: '1' });
  expect(versionOf({ a: '1', b: '2', c: '1' })).toBe(version);
  expect(versionOf({ a: '2', b: '1' })).not.toBe(version);
  expect(Subscription.of(true, table.of(['a'])).versionOf(setOf({ a: '1', b: '1' }))).toBe(
    setOf({ a: '1', b: '1' }).version,
  );
});

test('the version is the same whatever was asked of it before', () => {
  let set = setOf({ a: '1', b: '1', c: '1', d: '1' });
  const names = ['a', 'b', 'later'];
  const followed = Subscription.of(false, table.of(names));
  const steps: Readonly<Record<string, string | undefined>>[] = [
    { a: '2' },
    { c: '2' },
    { a: undefined, d: '2' },
    { a: '1', b: '2', later: '1' },
    { a: '2', b: '3', c: '3', d: '3', later: undefined },
    {},
  ];
  followed.versionOf(set);
  for (const step of steps) {
    set = set.with(
      new Map(
        Object.entries(step).map(([name, content]) => [
          name,
          content === undefined ? undefined : aResource(name, content),
        ]),
      ),
    );
    const anew = Subscription.of(false, new NameTable().of(names));
    expect(followed.versionOf(set), JSON.stringify(step)).toBe(anew.versionOf(set));
  }
});
