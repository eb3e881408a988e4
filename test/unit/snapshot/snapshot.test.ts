import { expect, test } from 'vitest';
import { type ResourceChanges, ResourceSet } from '../../../src/snapshot/resource-set.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

const cluster = (name: string, content = '1') => aResource(name, content);
const endpoints = (name: string, content = '1') => aResource(name, content, { typeUrl: TYPE_URL.endpoints });

test('the order of the resources never matters', () => {
  const all = [cluster('a'), endpoints('a'), cluster('b'), endpoints('b', '2')];
  const [one, other] = [Snapshot.of(all), Snapshot.of([...all].reverse())];
  expect(other.version).toBe(one.version);
  expect(one.set(TYPE_URL.cluster).size).toBe(2);
});

test('of two resources of one name the last one counts', () => {
  const snapshot = Snapshot.of([cluster('a', '1'), cluster('a', '2')]);
  expect(snapshot.version).toBe(Snapshot.of([cluster('a', '2')]).version);
});

test('the same content under another type is another version', () => {
  expect(Snapshot.of([cluster('a')]).version).not.toBe(Snapshot.of([endpoints('a')]).version);
});

test('a type that it does not have is an empty set', () => {
  expect(Snapshot.of([cluster('a')]).set(TYPE_URL.route)).toBe(ResourceSet.EMPTY);
});

test('with leaves the sets of other types alone, and is the same snapshot where nothing differs', () => {
  const snapshot = Snapshot.of([cluster('a'), endpoints('a')]);
  const changed = snapshot.with(new Map([[TYPE_URL.endpoints, new Map([['a', endpoints('a', '2')]])]]));
  expect(changed.set(TYPE_URL.cluster)).toBe(snapshot.set(TYPE_URL.cluster));
  expect(changed.version).not.toBe(snapshot.version);
  expect(snapshot.with(new Map())).toBe(snapshot);
  const same = new Map<string, ResourceChanges>([
    [TYPE_URL.cluster, new Map([['a', cluster('a')]])],
    [TYPE_URL.route, new Map([['none', undefined]])],
  ]);
  expect(snapshot.with(same)).toBe(snapshot);
});

test('replacedBy has the new content and keeps its own resources where they are equal', () => {
  const before = Snapshot.of([cluster('same'), cluster('changed'), cluster('gone'), endpoints('gone')]);
  const next = Snapshot.of([cluster('same'), cluster('changed', '2'), cluster('added')]);
  const after = before.replacedBy(next);
  expect(after.version).toBe(next.version);
  expect([...after.set(TYPE_URL.cluster).names()].sort()).toEqual(['added', 'changed', 'same']);
  expect(after.set(TYPE_URL.endpoints).size).toBe(0);
  expect(after.set(TYPE_URL.cluster).get('same')).toBe(before.set(TYPE_URL.cluster).get('same'));
  expect(after.set(TYPE_URL.cluster).differencesFrom(before.set(TYPE_URL.cluster))).not.toContain('same');
});

test('replacedBy equal content is the same snapshot', () => {
  const before = Snapshot.of([cluster('a'), endpoints('a')]);
  expect(before.replacedBy(Snapshot.of([endpoints('a'), cluster('a')]))).toBe(before);
});
