import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EtcdConnections } from '../../src/discovery/etcd/connections.js';
import type { KeyChange } from '../../src/discovery/etcd/held-keys.js';
import { etcdConnectionOptions } from '../../src/discovery/etcd/options.js';
import { EtcdPrefixWatch } from '../../src/discovery/etcd/prefix-watch.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { runEtcd } from '../support/etcd-source.js';
import type { RunningSource } from '../support/running-source.js';

let etcd: Etcd;
let proxy: TcpProxy;
let source: RunningSource | undefined;

beforeEach(async () => {
  etcd = await Etcd.start();
  proxy = await TcpProxy.start(etcd.port);
});
afterEach(async () => {
  await source?.stop();
  source = undefined;
  await proxy?.close();
  await etcd?.close();
});

function run(options: Partial<Parameters<typeof runEtcd>[0]> = {}) {
  source = runEtcd({ endpoints: [`http://127.0.0.1:${proxy.port}`], prefix: '/s/', ...options });
  return source.sink;
}

/** Until it watches again, and has missed nothing that was written before. */
async function caughtUp(sink: RunningSource['sink']): Promise<void> {
  const revision = await etcd.client.put('/s/marker/10.9.9.9:1', { weight: 1, salt: Math.random() });
  await eventually(() => expect(Number(sink.revision)).toBeGreaterThanOrEqual(revision), 20_000);
}

const many = (count: number, weight: number) =>
  Array.from({ length: count }, (_, n) => [`/s/s${n}/10.0.0.1:80`, { weight }] as const);

describe('a broken connection', () => {
  it('loses none of 5,000 queued events, nor their order, when cut in the middle of catching up', async () => {
    const changes: KeyChange[] = [];
    let synced = 0;
    const watch = new EtcdPrefixWatch(
      {
        prefix: '/s/',
        connection: etcdConnectionOptions.parse({ endpoints: [`http://127.0.0.1:${proxy.port}`] }),
        page_size: 1_000,
        relist_jitter: 0,
      },
      new EtcdConnections(),
      pino({ level: 'silent' }),
    );
    const stop = new AbortController();
    const ended = watch.run(
      {
        changed: (change) => changes.push(change),
        synced: () => {
          synced += 1;
        },
        failed: () => undefined,
      },
      stop.signal,
    );
    await etcd.client.put('/s/first', '1');
    await eventually(() => expect(changes.length).toBe(1));
    const syncedBefore = synced;
    proxy.refuse();
    const written: { readonly key: string; readonly value: string; readonly revision: string }[] = [];
    for (let n = 0; n < 5_000; n += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, k) => {
          const [key, value] = [`k${k}`, `${n + k} ${'.'.repeat(50)}`];
          written.push({ key, value, revision: String(await etcd.client.put(`/s/${key}`, value)) });
        }),
      );
    }
    const cuts = (async () => {
      for (const bytes of [20_000, 150_000, 150_000]) await proxy.cutAfter(bytes);
    })();
    proxy.forward();
    await cuts;
    expect(changes.length).toBeLessThan(5_001);
    await eventually(() => expect(changes.length).toBeGreaterThanOrEqual(5_001), 20_000);
    expect(changes.slice(1)).toEqual(written.sort((a, b) => Number(a.revision) - Number(b.revision)));
    expect(synced - syncedBefore).toBeLessThan(200);
    stop.abort();
    await ended;
  });

  it('reports an unreachable server once, and again only after it was back', async () => {
    const sink = run();
    await eventually(() => expect(sink.healthy).toBe(true));
    for (const outages of [1, 2]) {
      const { connections } = proxy;
      proxy.refuse();
      await eventually(() => expect(proxy.connections).toBeGreaterThan(connections + 3), 20_000);
      expect(sink.healthy).toBe(false);
      // The break itself, and that there is no coming back.
      expect(sink.errors.length).toBeLessThanOrEqual(outages * 3);
      expect(sink.errors.every(({ code }) => code === 'registry_unreachable')).toBe(true);
      proxy.forward();
      await eventually(() => expect(sink.healthy).toBe(true));
    }
  });
});

describe('compaction', () => {
  it('past our revision while disconnected: only what changed meanwhile is set', async () => {
    await etcd.client.putAll(many(1_000, 1));
    const sink = run({ page_size: 300 });
    await eventually(() => expect(sink.services.size).toBe(1_000));
    proxy.refuse();
    await eventually(() => expect(sink.healthy).toBe(false));
    await etcd.client.put('/s/s1/10.0.0.1:80', { weight: 9 });
    await etcd.client.put('/s/s2/10.0.0.1:80', { weight: 9 });
    // Written with the value that it had: not a change.
    await etcd.client.put('/s/s4/10.0.0.1:80', { weight: 1 });
    await etcd.client.delete('/s/s3/10.0.0.1:80');
    await etcd.client.compact();
    const { sets } = sink;
    proxy.forward();
    await eventually(() => expect(sink.services.get('s2')?.instances[0]?.weight).toBe(9));
    expect(sink.sets - sets).toBe(3);
    expect(sink.services.has('s3')).toBe(false);
    expect(sink.services.size).toBe(999);
    await caughtUp(sink);
    expect(sink.sets - sets).toBe(4);
  });

  it('between two pages of a listing: listed anew, and no failure', async () => {
    await etcd.client.putAll(many(2_000, 1));
    const sink = run({ page_size: 10 });
    await eventually(() => expect(proxy.bytes.toClient).toBeGreaterThan(10_000));
    proxy.stall();
    expect(sink.syncs).toBe(0);
    await etcd.client.delete('/s/s0/10.0.0.1:80');
    await etcd.client.compact();
    proxy.forward();
    await eventually(() => expect(sink.services.size).toBe(1_999), 20_000);
    expect(sink.services.has('s0')).toBe(false);
    expect(sink.errors).toEqual([]);
  });

  it('under a running watch does nothing', async () => {
    await etcd.client.putAll(many(10, 1));
    const sink = run();
    await eventually(() => expect(sink.services.size).toBe(10));
    await etcd.client.put('/other', 'x');
    await etcd.client.compact();
    await caughtUp(sink);
    expect(sink.sets).toBe(11);
    expect(sink.errors).toEqual([]);
  });
});

describe('the server', () => {
  it('restarted: everything stays, and the watch goes on', async () => {
    await etcd.client.putAll(many(100, 1));
    const sink = run();
    await eventually(() => expect(sink.services.size).toBe(100));
    const { sets } = sink;
    await etcd.stop();
    await eventually(() => expect(sink.healthy).toBe(false));
    expect(sink.services.size).toBe(100);
    await etcd.start();
    await etcd.client.put('/s/s5/10.0.0.1:80', { weight: 5 });
    await eventually(() => expect(sink.services.get('s5')?.instances[0]?.weight).toBe(5), 20_000);
    expect(sink.sets - sets).toBe(1);
  });

  it('frozen: noticed, what was good stays, and nothing is missed', async () => {
    await etcd.client.putAll(many(10, 1));
    const sink = run();
    await eventually(() => expect(sink.services.size).toBe(10));
    etcd.process.freeze();
    await eventually(() => expect(sink.healthy).toBe(false), 8_000);
    expect(sink.errors[0]).toMatchObject({ code: 'registry_timeout' });
    expect(sink.services.size).toBe(10);
    etcd.process.thaw();
    await etcd.client.put('/s/s5/10.0.0.1:80', { weight: 5 });
    await eventually(() => expect(sink.services.get('s5')?.instances[0]?.weight).toBe(5), 20_000);
    expect(sink.sets).toBe(11);
  });

  it('hung behind an open connection: noticed all the same', async () => {
    const sink = run();
    await eventually(() => expect(sink.healthy).toBe(true));
    proxy.stall();
    await eventually(() => expect(sink.healthy).toBe(false), 8_000);
    await etcd.client.put('/s/late/10.0.0.1:80', '{}');
    const { connections } = proxy;
    await eventually(() => expect(proxy.connections).toBeGreaterThan(connections), 20_000);
    proxy.forward();
    await eventually(() => expect(sink.addresses('late')).toEqual(['10.0.0.1:80']), 20_000);
  });

  it('frozen does not hold up the end', async () => {
    const sink = run({ timeout: { connect: '60s', read: '60s' } });
    await eventually(() => expect(sink.healthy).toBe(true));
    etcd.process.freeze();
    await source?.stop();
    await eventually(() => expect(proxy.open).toBe(0));
  });

  it.each([
    ['lower than', 3],
    ['beyond', 300],
  ])(
    'wiped, its new revision %s the old one: what is there no more goes, the rest stays',
    async (_, filler) => {
      await etcd.client.putAll(many(20, 1));
      for (let n = 0; n < 20; n += 1) await etcd.client.put('/s/busy/10.0.0.1:80', { weight: n + 1 });
      const sink = run();
      await eventually(() => expect(sink.services.size).toBe(21));
      const { sets } = sink;
      proxy.refuse();
      await etcd.wipe();
      await etcd.start();
      for (let n = 0; n < filler; n += 1) await etcd.client.put('/s/s0/10.0.0.1:80', { weight: 1 });
      await etcd.client.putAll([...many(10, 1), ['/s/new/10.0.0.1:80', {}]]);
      proxy.forward();
      await eventually(() => expect(sink.services.size).toBe(11), 20_000);
      expect([...sink.services.keys()].sort()).toEqual(
        [...many(10, 1).map(([key]) => key.split('/')[2]), 'new'].sort(),
      );
      // Ten services and `busy` went, `new` came, the other ten were not touched.
      expect(sink.sets - sets).toBe(12);
      await caughtUp(sink);
    },
  );
});
