import { expect, test } from 'vitest';
import { ConfigDumps } from '../../../src/admin/config-dump.js';
import { encode } from '../../../src/protobuf/messages.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

const snapshotOf = (count: number) =>
  Snapshot.of(
    Array.from({ length: count }, (_, n) =>
      makeResource(
        TYPE_URL.cluster,
        `c${n}`,
        Buffer.from(encode('envoy.config.cluster.v3.Cluster', { name: `c${n}` })),
      ),
    ),
  );
const clustersIn = (bytes: Uint8Array): number =>
  JSON.parse(Buffer.from(bytes).toString()).configs[0].dynamic_active_clusters.length;

test('who asks while a dump is written shares the next one, and other work goes on meanwhile', async () => {
  let snapshot = snapshotOf(3_000);
  const dumps = new ConfigDumps(() => snapshot);
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  const first = dumps.current();
  const same = dumps.current();
  snapshot = snapshotOf(2);
  const later = Array.from({ length: 100 }, () => dumps.current());
  const bytes = await first;
  clearInterval(ticking);
  expect(await same).toBe(bytes);
  expect(clustersIn(bytes)).toBe(3_000);
  expect(turns).toBeGreaterThan(1);
  const shared = new Set(await Promise.all(later));
  expect([...shared].map(clustersIn)).toEqual([2]);
  expect(await dumps.current()).toBe([...shared][0]);
});

test('an error reaches who asks, and the next one is given a dump', async () => {
  let snapshot: Snapshot | undefined = snapshotOf(1);
  const dumps = new ConfigDumps(() => {
    if (snapshot === undefined) throw new Error('no snapshot');
    return snapshot;
  });
  const first = dumps.current();
  snapshot = snapshotOf(2);
  const waiting = dumps.current();
  snapshot = undefined;
  expect(clustersIn(await first)).toBe(1);
  await expect(waiting).rejects.toThrow('no snapshot');
  await expect(dumps.current()).rejects.toThrow('no snapshot');
  snapshot = snapshotOf(3);
  expect(clustersIn(await dumps.current())).toBe(3);
});
