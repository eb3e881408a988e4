import { expect, test } from 'vitest';
import { type AdminEvent, EventFeed, type EventSubject } from '../../../src/admin/event-feed.js';
import type { ProxyView } from '../../../src/admin/proxies.js';
import { proxyChanges } from '../../../src/admin/proxy-changes.js';
import { failing, waiting } from '../../../src/catalogue/source-status.js';
import { SignalboxError } from '../../../src/errors.js';
import type { ReleaseStatus } from '../../../src/release/release.js';
import type { HistoryEntry } from '../../../src/snapshot/cache.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';

const FREE: ReleaseStatus = {
  pinned: undefined,
  quarantined: [],
  heldBack: [],
  inconsistent: [],
  rollout: undefined,
};

function proxy(id: string, rejected: ProxyView['types'][string]['rejected'] = []): ProxyView {
  const status: ProxyView['types'][string]['status'] = rejected.length > 0 ? 'ERROR' : 'SYNCED';
  const type = {
    status,
    ...{ subscribed: '*', version_sent: 'v', version_acknowledged: 'v', outstanding: 0 },
    rejected,
  } as const;
  return {
    node: { id, cluster: '', locality: { region: '', zone: '', sub_zone: '' }, version: '' },
    ...{ group: 'default', peer: `${id}:1`, variant: 'delta', connected_since: '2026-01-01T00:00:00.000Z' },
    types: { CDS: type },
  };
}

const fail = (thrown: unknown) => {
  throw thrown;
};

test('who listens is told of publications at once and of the rest soon, and costs nothing after', async () => {
  let [status, release, proxies] = [waiting('kv', 'http://s'), FREE, [] as ProxyView[]];
  let watcher: ((entry: HistoryEntry) => void) | undefined;
  let looks = 0;
  const subject: EventSubject = {
    sources: () => [status],
    releaseStatus: () => release,
    proxies: async () => {
      looks += 1;
      return proxies;
    },
    watch: (listener, signal) => {
      watcher = listener;
      signal.addEventListener('abort', () => {
        watcher = undefined;
      });
    },
  };
  const feed = new EventFeed(subject, fail, 1);
  const events: AdminEvent[] = [];
  const stop = feed.listen((event) => events.push(event));
  await eventually(() => expect(looks).toBeGreaterThan(1));
  expect(events).toEqual([]);

  const snapshot = Snapshot.of([makeResource(TYPE_URL.cluster, 'users', Buffer.from('c'))]);
  watcher?.({ group: 'default', at: 0, snapshot, previous: Snapshot.EMPTY });
  expect(events).toMatchObject([
    { event: 'snapshot', data: { changes: { CDS: { added: { count: 1, names: ['users'] } } } } },
  ]);

  status = failing(status, new SignalboxError('registry_unreachable', 'no route'), 1);
  release = { ...FREE, pinned: 'v1' };
  proxies = [proxy('edge')];
  const kinds = () => events.map(({ event }) => event);
  await eventually(() => expect(kinds()).toEqual(expect.arrayContaining(['registry', 'proxies', 'release'])));
  expect(events).toContainEqual({
    event: 'registry',
    data: expect.objectContaining({
      state: 'failing',
      last_error: expect.objectContaining({ message: 'no route' }),
    }),
  });
  stop();
  expect(watcher).toBeUndefined();
  const heard = events.length;
  proxies = [];
  const before = looks;
  const other = new EventFeed(subject, fail, 1).listen(() => undefined);
  await eventually(() => expect(looks).toBeGreaterThan(before + 3));
  other();
  expect(events).toHaveLength(heard);
});

test('a look that fails is reported, and the next one tells what has changed', async () => {
  let release = FREE;
  let broken = false;
  const failures: unknown[] = [];
  const subject: EventSubject = {
    sources: () => [],
    releaseStatus: () => {
      if (broken) throw new Error('out of order');
      return release;
    },
    proxies: async () => [],
    watch: () => undefined,
  };
  const events: AdminEvent[] = [];
  const stop = new EventFeed(subject, (thrown) => failures.push(thrown), 1).listen((event) =>
    events.push(event),
  );
  broken = true;
  await eventually(() => expect(failures.length).toBeGreaterThan(1));
  expect(failures[0]).toEqual(new Error('out of order'));
  broken = false;
  await eventually(() => {
    release = { ...FREE, pinned: `v${performance.now()}` };
    expect(events.map(({ event }) => event)).toContain('release');
  });
  stop();
});

test('what happened to proxies: come, gone, refusing; nothing is nothing', () => {
  const refusal = { resource: 'users', version: 'v2', message: 'no' };
  expect(proxyChanges([proxy('a')], [proxy('a')])).toBeUndefined();
  expect(proxyChanges([proxy('a'), proxy('b')], [proxy('b', [refusal]), proxy('c')])).toEqual({
    connected: { count: 1, first: [{ node: 'c', peer: 'c:1' }] },
    disconnected: { count: 1, first: [{ node: 'a', peer: 'a:1' }] },
    refused: {
      count: 1,
      first: [{ node: 'b', peer: 'b:1', type: 'CDS', resource: 'users', message: 'no' }],
    },
    moved: 1,
    proxies: 2,
  });
  const flood = proxyChanges(
    [],
    Array.from({ length: 1_000 }, (_, index) => proxy(`p${index}`)),
  );
  expect(flood?.connected.count).toBe(1_000);
  expect(flood?.connected.first.length).toBeLessThan(50);
});
