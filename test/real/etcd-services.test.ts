import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EtcdConnections } from '../../src/discovery/etcd/connections.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { runEtcd } from '../support/etcd-source.js';
import { nestedJson } from '../support/poison.js';
import type { RunningSource } from '../support/running-source.js';

let etcd: Etcd;
const running: RunningSource[] = [];

beforeAll(async () => {
  etcd = await Etcd.start();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (source) => await source.stop()));
});
afterAll(async () => {
  await etcd?.close();
});

function run(...args: Parameters<typeof runEtcd>) {
  const source = runEtcd(...args);
  running.push(source);
  return source.sink;
}

describe('services out of keys', () => {
  it('serves what is there, and what is put and deleted later', async () => {
    await etcd.client.put('/a/user/10.0.0.1:80', { weight: 3, slow_start: 30, checkurl: '/health' });
    await etcd.client.put('/a/user/10.0.0.2:80', { status: 'down' });
    await etcd.client.put('/a/team/one/cart/[2001:db8::1]:8080', '');
    const revision = await etcd.client.put('/a/naming/some-id', {
      Op: 0,
      Addr: '10.0.0.3:9000',
      Metadata: { version: 'v1', weight: 7 },
    });
    const sink = run({ endpoints: [etcd.url], prefix: '/a/' });
    await eventually(() => expect(sink.syncs).toBeGreaterThan(0));
    expect(sink.revision).toBe(String(revision));
    expect(sink.services.get('user')).toEqual({
      instances: [
        {
          host: '10.0.0.1',
          port: 80,
          weight: 3,
          metadata: {},
          policy: { slowStartSeconds: 30, healthCheckPath: '/health' },
        },
      ],
      filtered: [{ address: '10.0.0.2:80', reason: 'status', detail: 'status is "down"' }],
    });
    expect(sink.addresses('team/one/cart')).toEqual(['[2001:db8::1]:8080']);
    expect(sink.services.get('naming')?.instances).toEqual([
      { host: '10.0.0.3', port: 9000, weight: 7, metadata: { version: 'v1', weight: '7' } },
    ]);

    await etcd.client.put('/a/user/10.0.0.2:80', 'not json {');
    await eventually(() => expect(sink.addresses('user')).toEqual(['10.0.0.1:80', '10.0.0.2:80']));
    expect(sink.services.get('user')?.instances[1]).toMatchObject({
      weight: 1,
      remarks: ['the value is no JSON; weight 1 is used'],
    });
    await etcd.client.delete('/a/user/10.0.0.1:80');
    await etcd.client.delete('/a/user/10.0.0.2:80');
    await eventually(() => expect(sink.services.has('user')).toBe(false));
    expect(sink.errors).toEqual([]);
  });

  it('leaves out a value that is nested too deep, at the start and later, and follows the others', async () => {
    const poison = `{"weight":1,"metadata":${nestedJson(5_000)}}`;
    await etcd.client.put('/deep/one/10.0.0.1:80', poison);
    await etcd.client.put('/deep/two/10.0.0.2:80', '{}');
    const sink = run({ endpoints: [etcd.url], prefix: '/deep/' });
    await eventually(() => expect(sink.addresses('two')).toEqual(['10.0.0.2:80']));
    const refused = { reason: 'bad_value', detail: 'the entry is nested deeper than 32 levels' };
    expect(sink.services.get('one')).toEqual({
      instances: [],
      filtered: [{ address: '10.0.0.1:80', ...refused }],
    });
    await etcd.client.put('/deep/two/10.0.0.3:80', poison);
    await etcd.client.put('/deep/two/10.0.0.4:80', '{}');
    await eventually(() => expect(sink.addresses('two')).toEqual(['10.0.0.2:80', '10.0.0.4:80']));
    expect(sink.services.get('two')?.filtered).toEqual([{ address: '10.0.0.3:80', ...refused }]);
    await etcd.client.put('/deep/one/10.0.0.1:80', '{}');
    await eventually(() => expect(sink.addresses('one')).toEqual(['10.0.0.1:80']));
    expect(sink.errors).toEqual([]);
  });

  it('touches only the service whose key has changed', async () => {
    await etcd.client.putAll(
      Array.from({ length: 50 }, (_, n) => [`/touch/s${n}/10.0.0.1:80`, { weight: 1 }] as const),
    );
    const sink = run({ endpoints: [etcd.url], prefix: '/touch/' });
    await eventually(() => expect(sink.services.size).toBe(50));
    const { sets } = sink;
    await etcd.client.put('/touch/s7/10.0.0.1:80', { weight: 1 });
    await etcd.client.put('/touch/s7/10.0.0.1:80', { weight: 2 });
    await eventually(() => expect(sink.services.get('s7')?.instances[0]?.weight).toBe(2));
    expect(sink.sets - sets).toBe(1);
  });

  it('takes one transaction as one change', async () => {
    const sink = run({ endpoints: [etcd.url], prefix: '/txn/' });
    await eventually(() => expect(sink.healthy).toBe(true));
    const seen = new Set<number>();
    const { synced } = sink;
    sink.synced = (revision) => {
      synced.call(sink, revision);
      seen.add(sink.services.size);
    };
    await etcd.client.putAll(
      Array.from({ length: 100 }, (_, n) => [`/txn/s${n}/10.0.0.1:80`, { pad: 'x'.repeat(13_000) }] as const),
    );
    await eventually(() => expect(sink.services.size).toBe(100));
    expect([...seen].filter((size) => size !== 0)).toEqual([100]);
  });

  it('pages through a listing at one revision, and takes answers of many megabytes', async () => {
    const sink = run({ endpoints: [etcd.url], prefix: '/big/', page_size: 7 });
    const entries = Array.from(
      { length: 100 },
      (_, n) => [`/big/s${n % 10}/10.0.0.${n}:80`, { pad: 'x'.repeat(100_000) }] as const,
    );
    // One transaction holds less than a megabyte and a half.
    for (let at = 0; at < entries.length; at += 10) await etcd.client.putAll(entries.slice(at, at + 10));
    const whole = run({ endpoints: [etcd.url], prefix: '/big/', page_size: 1_000 });
    const paged = run({ endpoints: [etcd.url], prefix: '/big/', page_size: 7 });
    for (const each of [sink, whole, paged]) {
      await eventually(() =>
        expect([...each.services.values()].map(({ instances }) => instances.length)).toEqual(
          Array(10).fill(10),
        ),
      );
      expect(each.errors).toEqual([]);
    }
  });
});

describe('prefixes', () => {
  it.each([
    ['/p1/', '/p1/svc/10.0.0.1:80'],
    ['/p2', '/p2/svc/10.0.0.1:80'],
    ['/p3-', '/p3-svc/10.0.0.1:80'],
    ['/p4\u00ff', '/p4\u00ffsvc/10.0.0.1:80'],
    ['/p5-', '/p5-/svc/10.0.0.1:80'],
  ])('%s has the service of %s, and none of its neighbours', async (prefix, key) => {
    const neighbours = [
      `${prefix.slice(0, -1)}\u0001`,
      `${prefix.slice(0, 3)}old/`,
      `${prefix.slice(0, 3)}~`,
    ];
    for (const neighbour of neighbours) await etcd.client.put(`${neighbour}other/10.9.9.9:80`, '{}');
    await etcd.client.put(key, '{}');
    const sink = run({ endpoints: [etcd.url], prefix });
    await eventually(() => expect(sink.addresses('svc')).toEqual(['10.0.0.1:80']));
    for (const neighbour of neighbours) await etcd.client.put(`${neighbour}other/10.9.9.8:80`, '{}');
    await etcd.client.put(`${key}81`, '{}');
    await eventually(() => expect(sink.addresses('svc')).toEqual(['10.0.0.1:80', '10.0.0.1:8081']));
    expect([...sink.services.keys()]).toEqual(['svc']);
  });

  it('reads the whole store under the empty prefix', async () => {
    await etcd.client.put('plain/10.0.0.1:80', '{}');
    const sink = run({ endpoints: [etcd.url], prefix: '' });
    await eventually(() => expect(sink.addresses('plain')).toEqual(['10.0.0.1:80']));
    await etcd.client.put('\u0001low/10.0.0.1:80', '{}');
    await etcd.client.put(Buffer.from([0xff, 0xfe, ...Buffer.from('/10.0.0.1:80')]), '{}');
    await eventually(() => expect(sink.addresses('\u0001low')).toEqual(['10.0.0.1:80']));
    await eventually(() => expect(sink.addresses('\\xff\\xfe')).toEqual(['10.0.0.1:80']));
  });
});

describe('a shared connection', () => {
  it('is one TCP connection for all who want the same endpoint, and outlives each of them', async () => {
    const proxy = await TcpProxy.start(etcd.port);
    try {
      const connections = new EtcdConnections();
      const endpoints = [`http://127.0.0.1:${proxy.port}`];
      const one = runEtcd({ endpoints, prefix: '/one/' }, connections);
      const two = run({ endpoints, prefix: '/two/' }, connections);
      await eventually(() => expect([one.sink.healthy, two.healthy]).toEqual([true, true]));
      await etcd.client.put('/one/a/10.0.0.1:80', '{}');
      await etcd.client.put('/two/a/10.0.0.2:80', '{}');
      await eventually(() => expect(one.sink.addresses('a')).toEqual(['10.0.0.1:80']));
      await eventually(() => expect(two.addresses('a')).toEqual(['10.0.0.2:80']));
      await one.stop();
      const before = two.syncs;
      await etcd.client.put('/two/a/10.0.0.3:80', '{}');
      await eventually(() => expect(two.addresses('a')).toEqual(['10.0.0.2:80', '10.0.0.3:80']));
      expect(two.syncs).toBe(before + 1);
      const three = run({ endpoints, prefix: '/one/' }, connections);
      await eventually(() => expect(three.addresses('a')).toEqual(['10.0.0.1:80']));
      expect(three.errors).toEqual([]);
      expect(two.errors).toEqual([]);
      expect(proxy.connections).toBe(1);
      await Promise.all(running.splice(0).map(async (source) => await source.stop()));
      await eventually(() => expect(proxy.open).toBe(0));
    } finally {
      await proxy.close();
    }
  });
});

describe('what is too large', () => {
  it('one page, or all pages together: what was good stays, and the reason is told', async () => {
    const put = async (count: number, size: number) => {
      for (let at = 0; at < count; at += 1)
        await etcd.client.put(`/large/web/10.0.0.${at}:80`, { weight: 1, metadata: { a: 'x'.repeat(size) } });
    };
    await put(2, 10);
    const options = { endpoints: [etcd.url], prefix: '/large/', page_size: 10, max_answer: '64KiB' };
    const sink = run(options);
    await eventually(() => expect(sink.addresses('web')).toHaveLength(2));

    await put(20, 5_000);
    const pages = run(options);
    await eventually(() => expect(pages.errors[0]?.code).toBe('registry_bad_answer'));
    expect(pages.errors[0]?.message).toContain('larger than max_answer, 65536 bytes');
    await put(2, 50_000);
    const page = run(options);
    await eventually(() => expect(page.errors[0]?.code).toBe('registry_bad_answer'));
    expect(page.errors[0]?.message).toContain('larger than max');
    expect([pages.syncs, page.syncs]).toEqual([0, 0]);
    expect(sink.addresses('web')?.length).toBeGreaterThan(1);
  });
});
