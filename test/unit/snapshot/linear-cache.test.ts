import { beforeEach, expect, test } from 'vitest';
import { LinearCache } from '../../../src/snapshot/linear-cache.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

let cache: LinearCache;
beforeEach(() => {
  cache = new LinearCache(TYPE_URL.cluster);
});

test('resources are put, changed, deleted and replaced; the version is that of the content', () => {
  const empty = cache.version;
  cache.put(aResource('a'));
  cache.update(
    new Map([
      ['b', aResource('b')],
      ['c', aResource('c')],
    ]),
  );
  expect([cache.size, [...cache.names()].sort()]).toEqual([3, ['a', 'b', 'c']]);
  const full = cache.version;
  cache.delete('c');
  cache.delete('never there');
  expect(cache.get('c')).toBeUndefined();
  cache.put(aResource('c'));
  expect(cache.version).toBe(full);
  const [a] = [cache.get('a')];
  cache.replace([aResource('a'), aResource('d')]);
  expect(cache.get('a')).toBe(a);
  expect([...cache.names()].sort()).toEqual(['a', 'd']);
  cache.replace([]);
  expect(cache.version).toBe(empty);
});

test('a resource of another type is refused, and nothing changes', () => {
  const other = aResource('x', '', { typeUrl: TYPE_URL.endpoints });
  const before = cache.version;
  expect(() => cache.put(other)).toThrow('is of type.googleapis.com/envoy.config.endpoint');
  expect(() => cache.replace([aResource('a'), other])).toThrow('the cache holds');
  expect(cache.version).toBe(before);
});
