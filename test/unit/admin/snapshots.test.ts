import { expect, test } from 'vitest';
import { snapshotDiff, snapshotList } from '../../../src/admin/snapshots.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import type { ResourceChanges } from '../../../src/snapshot/resource-set.js';
import { Snapshot, type SnapshotChanges } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

const { cluster, endpoints } = TYPE_URL;
const resource = (typeUrl: string, name: string, content = '1') =>
  makeResource(typeUrl, name, Buffer.from(content));

const none = { count: 0, names: [] };
const some = (...names: readonly string[]) => ({ count: names.length, names });

function published() {
  const cache = new SnapshotCache(50, () => Date.UTC(2026, 0, 2));
  cache.setSnapshot('g', Snapshot.of([resource(cluster, 'users'), resource(endpoints, 'users')]));
  cache.updateResources('g', new Map([[endpoints, new Map([['users', resource(endpoints, 'users', '2')]])]]));
  const changes: SnapshotChanges = new Map<string, ResourceChanges>([
    [endpoints, new Map([['users', undefined]])],
    [cluster, new Map([['orders', resource(cluster, 'orders')]])],
  ]);
  cache.updateResources('g', changes);
  return cache.history();
}

test('the list has the newest version first, each with what it changed', () => {
  const list = snapshotList(published());
  expect(list.map(({ changes }) => changes)).toEqual([
    {
      CDS: { added: some('orders'), changed: none, removed: none },
      EDS: { added: none, changed: none, removed: some('users') },
    },
    { EDS: { added: none, changed: some('users'), removed: none } },
    {
      CDS: { added: some('users'), changed: none, removed: none },
      EDS: { added: some('users'), changed: none, removed: none },
    },
  ]);
  expect(list[0]).toMatchObject({ group: 'g', at: '2026-01-02T00:00:00.000Z', previous: list[1]?.version });
  expect(list[2]?.previous).toBe(Snapshot.EMPTY.version);
});

test('the list names some of many', () => {
  const cache = new SnapshotCache();
  const names = Array.from({ length: 30 }, (_, index) => String(index + 10));
  cache.setSnapshot('g', Snapshot.of(names.map((name) => resource(cluster, name))));
  const [first] = snapshotList(cache.history());
  expect(first?.changes.CDS?.added).toEqual({ count: 30, names: names.slice(0, 20) });
  expect(snapshotDiff(cache.history(), 1)?.changes.CDS?.added).toEqual({ count: 30, names });
});

test('a difference over several changes tells what is different in the end', () => {
  const history = published();
  expect(snapshotDiff(history, 1)).toMatchObject({ group: 'g', back: 1 });
  expect(snapshotDiff(history, 2)).toEqual({
    group: 'g',
    back: 2,
    from: { version: history[0]?.snapshot.version },
    to: { version: history[2]?.snapshot.version, at: '2026-01-02T00:00:00.000Z' },
    changes: {
      CDS: { added: some('orders'), changed: none, removed: none },
      EDS: { added: none, changed: none, removed: some('users') },
    },
  });
  // Further back than is remembered: from the first that is.
  expect(snapshotDiff(history, 9)).toMatchObject({ back: 3, from: { version: Snapshot.EMPTY.version } });
  expect(snapshotDiff([], 1)).toBeUndefined();
});

test('changes of another group do not mix in', () => {
  const cache = new SnapshotCache();
  cache.setSnapshot('a', Snapshot.of([resource(cluster, 'a')]));
  cache.setSnapshot('b', Snapshot.of([resource(cluster, 'b')]));
  cache.setSnapshot('a', Snapshot.of([resource(cluster, 'a', '2')]));
  expect(snapshotDiff(cache.history(), 2)?.changes).toEqual({
    CDS: { added: some('a'), changed: none, removed: none },
  });
});
