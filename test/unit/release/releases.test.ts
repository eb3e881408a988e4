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
  releases = new Releases(cache, { quarantine: true, logger: pino({ enabled: false }) }, life.signal);
});
afterEach(() => life.abort());

const publish = (...groups: readonly string[]) => {
  for (const resource of [old, next]) {
    for (const group of groups) releases.of(group).setSnapshot(Snapshot.of([resource]));
    if (resource === old) releases.accepted([old]);
  }
};
const served = (group: string) => cache.getSnapshot(group)?.set(TYPE_URL.cluster).get('web')?.version;

test('what a proxy of one group rejects goes back for all groups that have it, and is told once', () => {
  publish('default', 'edge');
  const suspects = [{ typeUrl: next.typeUrl, name: 'web', version: next.version }];
  releases.rejected({ typeUrl: next.typeUrl, message: 'web: no', node: 'n', suspects, named: true });
  expect([served('default'), served('edge')]).toEqual([old.version, old.version]);
  expect(releases.status.quarantined).toHaveLength(1);
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
