import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Releases } from '../../../src/release/releases.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

const [old, next] = [aResource('web', '1'), aResource('web', '2')];
let life: AbortController;
let cache: SnapshotCache;
let releases: Releases;

beforeEach(() => {
  life = new AbortController();
  cache = new SnapshotCache();
  releases = new Releases(
    cache,
    { quarantine: { share: 0.2, large: 10 }, logger: pino({ enabled: false }) },
    life.signal,
  );
});
afterEach(() => life.abort());

const publish = (...groups: readonly string[]) => {
  for (const resource of [old, next]) {
    for (const group of groups) releases.of(group).setSnapshot(Snapshot.of([resource]));
    if (resource === old)
      for (const group of groups) releases.told({ kind: 'accepted', group, versions: [old] });
  }
};
const served = (group: string) => cache.getSnapshot(group)?.set(TYPE_URL.cluster).get('web')?.version;

const reject = (group: string) => {
  const suspects = [{ typeUrl: next.typeUrl, name: 'web', version: next.version }];
  const of = { typeUrl: next.typeUrl, message: 'web: no', group, node: 'n', unbound: [] };
  releases.told({ kind: 'rejected', rejected: { ...of, suspects, named: true } });
};

test('what a proxy of one group rejects goes back for that group alone', () => {
  publish('default', 'edge');
  reject('edge');
  expect([served('default'), served('edge')]).toEqual([next.version, old.version]);
  expect(releases.status.quarantined).toMatchObject([{ group: 'edge', name: 'web' }]);
});

test('what proxies of one group accept is no evidence for another', () => {
  publish('default', 'edge');
  releases.told({ kind: 'accepted', group: 'default', versions: [next] });
  reject('edge');
  expect([served('default'), served('edge')]).toEqual([next.version, old.version]);
});

test('what was accepted in a life before is known for each group, also for one that comes later', () => {
  releases.restore(new Map([['edge', [old]]]));
  for (const group of ['default', 'edge']) {
    releases.of(group).setSnapshot(Snapshot.of([next]));
    reject(group);
  }
  expect([served('default'), served('edge')]).toEqual([next.version, old.version]);
  expect([...releases.accepted()]).toEqual([['edge', old]]);
});

test('a version is pinned in the groups that had it', () => {
  publish('default');
  releases.of('edge').setSnapshot(Snapshot.of([aResource('web', '3')]));
  const edge = served('edge');
  expect(releases.pin('unknown')).toBe(false);
  expect(releases.pin(Snapshot.of([old]).version)).toBe(true);
  expect([served('default'), served('edge')]).toEqual([old.version, edge]);
  expect(releases.status.pinned).toBe(Snapshot.of([old]).version);
  expect(releases.unpin()).toBe(true);
  expect(releases.unpin()).toBe(false);
  expect(served('default')).toBe(next.version);
});

test('a group that is no longer configured is forgotten, the default one never', () => {
  publish('default', 'edge', 'inner');
  const kept = releases.of('inner');
  releases.keepOnly(['inner']);
  expect(cache.groups()).toEqual(['default', 'inner']);
  expect(releases.of('inner')).toBe(kept);
});
