import { expect, test } from 'vitest';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { aResource } from '../../support/resources.js';

const of = (...names: readonly string[]) => Snapshot.of(names.map((name) => aResource(name)));

test('changes are iterated from the time of asking, and those missed are one', async () => {
  const cache = new SnapshotCache();
  cache.setSnapshot('g', of('before'));
  const changes = cache.changes();
  const first = cache.getSnapshot('g');
  cache.setSnapshot('g', of('a'));
  cache.setSnapshot('h', of('x'));
  cache.setSnapshot('g', of('a', 'b'));
  const one = await changes.next();
  expect(one.value).toMatchObject({ group: 'g' });
  expect(one.value?.previous).toBe(first);
  expect(one.value?.snapshot).toBe(cache.getSnapshot('g'));
  expect((await changes.next()).value).toMatchObject({ group: 'h', previous: Snapshot.EMPTY });
  const waiting = changes.next();
  cache.setSnapshot('g', of('c'));
  expect((await waiting).value?.snapshot.version).toBe(of('c').version);
  await changes.return();
  cache.setSnapshot('g', of('d'));
  expect(await changes.next()).toEqual({ done: true, value: undefined });
});

test('an abort ends the iteration, also one that waits', async () => {
  const life = new AbortController();
  const changes = new SnapshotCache().changes(life.signal);
  const waiting = changes.next();
  life.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});
