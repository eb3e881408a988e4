import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReleaseView } from '../../src/admin/release.js';
import { runCommandLine } from '../../src/cli/command-line.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { AdsStream, connect } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

/** Runs `signalbox` against an instance; what it printed. */
async function command(signalbox: Signalbox, ...args: readonly string[]): Promise<string> {
  let printed = '';
  const stream = {
    write: (text: string) => {
      printed += text;
      return true;
    },
  };
  const code = await runCommandLine([...args, '--admin', signalbox.admin.replace('http://', '')], {
    stdout: stream,
    stderr: stream,
  });
  expect([code, printed]).toEqual([0, printed]);
  return printed;
}

const release = (signalbox: Signalbox) => signalbox.get<ReleaseView>('/release');

describe('mass loss', () => {
  let etcd: Etcd;
  let backend: Backend;
  let signalbox: Signalbox;
  let envoy: Envoy;
  let traffic: Traffic;
  const key = (service: string) => `/services/${service}/${backend.address}`;

  beforeAll(async () => {
    [backend, etcd] = await Promise.all([Backend.start('one'), Etcd.start()]);
    const names = ['web', 'small', ...Array.from({ length: 30 }, (_, index) => `s${index}`)];
    await etcd.client.putAll(names.map((name) => [key(name), { weight: 1 }] as const));
    traffic = new Traffic(await freePort());
    signalbox = await Signalbox.start({
      discovery: {
        etcd: {
          endpoints: [`http://127.0.0.1:${etcd.port}`],
          keepalive_interval: '500ms',
          relist_jitter: '50ms',
          // Ended by the operator, whatever this machine takes for the test.
          mass_loss: { hold: '10m' },
        },
      },
      listeners: [{ name: 'http', address: `127.0.0.1:${traffic.port}` }],
      auto_routes: true,
    });
    envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
    await eventually(async () => expect((await traffic.get('/web/')).status).toBe(200), 30_000);
  });
  afterAll(async () => {
    await traffic?.close();
    await envoy?.stop();
    await signalbox?.close();
    await etcd?.close();
    await backend?.close();
  });

  test('a small service that goes to nothing is gone at once', async () => {
    await etcd.client.delete(key('small'));
    await eventually(async () => expect((await traffic.get('/small/')).status).toBe(404), 30_000);
    expect(await signalbox.get('/registries')).toMatchObject({ registries: [{ held: null }] });
  });

  test('a registry that is wiped: no request fails until "signalbox release" believes it', async () => {
    await etcd.client.put(key('small'), { weight: 1 });
    await eventually(async () => expect((await traffic.get('/small/')).status).toBe(200), 30_000);
    const steady = traffic.steady('/web/', '/s0/', '/s29/', '/small/');
    try {
      await etcd.stop();
      await etcd.wipe();
      await etcd.start();
      await eventually(
        async () =>
          expect(await signalbox.get('/registries')).toMatchObject({
            registries: [{ state: 'synced', held: { services: 32, instances: 32 } }],
          }),
        60_000,
      );
      const answered = backend.requests;
      await eventually(() => expect(backend.requests).toBeGreaterThan(answered + 300), 30_000);
      // What else the registry says is taken meanwhile.
      await etcd.client.put(key('new'), { weight: 1 });
      await eventually(async () => expect((await traffic.get('/new/')).status).toBe(200), 30_000);
    } finally {
      const { requests, failures } = await steady.stop();
      console.log(`registry wiped: ${requests} requests, ${failures.length} failed`);
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(300);
    }
    expect(await command(signalbox, 'release', 'etcd')).toBe('What etcd says is served now.\n');
    await eventually(async () => expect((await traffic.get('/web/')).status).toBe(404), 30_000);
    expect((await traffic.get('/new/')).status).toBe(200);
  });
});

describe('what proxies reject', () => {
  let backend: Backend;
  let signalbox: Signalbox;
  let envoy: Envoy;
  let traffic: Traffic;
  let extra: number;

  const write = (...names: readonly string[]) => {
    const at = [{ host: '127.0.0.1', port: backend.port }];
    const services = Object.fromEntries(names.map((name) => [name, at]));
    writeFileSync(join(signalbox.folder, 'services.json'), JSON.stringify({ services }));
  };
  const configure = (more: object = {}, listeners: readonly object[] = []) => ({
    xds: { listen: `127.0.0.1:${signalbox?.xdsPort ?? 0}` },
    admin: { listen: signalbox?.admin.replace('http://', '') ?? '127.0.0.1:0' },
    discovery: { file: { path: 'services.json' } },
    listeners: [{ name: 'http', address: `127.0.0.1:${traffic.port}` }, ...listeners],
    auto_routes: true,
    ...more,
  });
  const reload = (config: object) => {
    signalbox.configure({ ...config });
    signalbox.process.signal('SIGHUP');
  };

  beforeAll(async () => {
    backend = await Backend.start('one');
    traffic = new Traffic(await freePort());
    extra = await freePort();
    signalbox = await Signalbox.start(configure(), { waitFor: 'serving' });
    write('web', 'api');
    envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort, node: 'real' }));
    await eventually(async () => expect((await traffic.get('/web/')).status).toBe(200), 30_000);
    await eventually(async () => expect((await traffic.get('/api/')).status).toBe(200), 30_000);
  });
  afterAll(async () => {
    await traffic?.close();
    await envoy?.stop();
    await signalbox?.close();
    await backend?.close();
  });

  test('a cluster that only Envoy refuses goes back, the rest goes on, and it is released when it changes', async () => {
    const steady = traffic.steady('/web/', '/api/');
    try {
      // An extension that Envoy's protos allow and no Envoy has.
      const bad = {
        transport_socket: {
          name: 'no.such.socket',
          typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { a: 1 } },
        },
      };
      reload(configure({ services: { web: { envoy: bad } } }));
      await eventually(
        async () =>
          expect((await release(signalbox)).quarantined).toMatchObject([
            { type: 'CDS', name: 'web', state: 'rejected', node: 'real', served: expect.any(String) },
          ]),
        30_000,
      );
      write('web', 'api', 'later');
      await eventually(async () => expect((await traffic.get('/later/')).status).toBe(200), 30_000);
      expect((await traffic.get('/web/')).status).toBe(200);
      expect(await command(signalbox, 'status')).toContain('no.such.socket');
      reload(configure({ services: { web: { connect_timeout: '4s' } } }));
      await eventually(async () => expect((await release(signalbox)).quarantined).toEqual([]), 30_000);
      await eventually(
        async () => expect(await envoy.get('/config_dump')).toContain('"connect_timeout": "4s"'),
        30_000,
      );
    } finally {
      const { failures } = await steady.stop();
      expect(failures).toEqual([]);
    }
  });

  test('a new listener that an Envoy has no address for is its own trouble, the others stay', async () => {
    // 192.0.2.0/24 is for documentation: no machine has it.
    reload(configure({}, [{ name: 'nowhere', address: `192.0.2.1:${extra}` }]));
    await eventually(
      async () =>
        expect(await release(signalbox)).toMatchObject({
          quarantined: [],
          held_back: [{ type: 'LDS', names: ['nowhere'], reason: 'cannot_bind', node: 'real' }],
        }),
      30_000,
    );
    expect((await traffic.get('/web/')).status).toBe(200);
    expect(await command(signalbox, 'status')).toContain('cannot_bind');
    reload(configure({}, [{ name: 'nowhere', address: `127.0.0.1:${extra}` }]));
    await eventually(
      async () => expect((await fetch(`http://127.0.0.1:${extra}/web/`)).status).toBe(200),
      30_000,
    );
    await eventually(async () => expect((await release(signalbox)).held_back).toEqual([]), 30_000);
  });

  test('rollback pins what was served before, unpin goes on to the newest', async () => {
    const versions = async () =>
      (await signalbox.get<{ snapshots: readonly { version: string }[] }>('/snapshots')).snapshots;
    const before = (await versions())[0]?.version ?? '';
    write('web', 'api', 'later', 'newest');
    await eventually(async () => expect((await traffic.get('/newest/')).status).toBe(200), 30_000);
    const newest = (await versions())[0]?.version;
    const steady = traffic.steady('/web/');
    try {
      expect(await command(signalbox, 'rollback', before)).toContain(before);
      await eventually(async () => expect((await traffic.get('/newest/')).status).toBe(404), 30_000);
      // What changes meanwhile waits.
      write('web', 'api', 'later', 'newest', 'waiting');
      expect((await release(signalbox)).pinned).toBe(before);
      expect((await versions())[0]?.version).toBe(before);
      expect(await command(signalbox, 'unpin')).toContain('newest');
      for (const name of ['newest', 'waiting'])
        await eventually(async () => expect((await traffic.get(`/${name}/`)).status).toBe(200), 30_000);
      expect((await versions())[0]?.version).not.toBe(newest);
    } finally {
      expect((await steady.stop()).failures).toEqual([]);
    }
  });
});

test('where a proxy names nothing, the culprit is found by halves', async () => {
  const signalbox = await Signalbox.start(
    { discovery: { file: { path: 'services.json' } } },
    { before: (folder) => writeFileSync(join(folder, 'services.json'), servicesText('web')) },
  );
  const client = connect(`127.0.0.1:${signalbox.xdsPort}`);
  const stream = new AdsStream(client, 'silent');
  const answered = new Set<string | undefined>();
  let refusals = 0;
  const answer = () => {
    for (const { nonce, resources = [] } of stream.responses) {
      if (answered.has(nonce)) continue;
      answered.add(nonce);
      const has = resources.some((any) => 'value' in any && String(any.value).includes('batch-5'));
      if (has) refusals += 1;
      stream.answer(TYPE_URL.cluster, [], has ? 'something in it is wrong' : undefined);
    }
  };
  const names = Array.from({ length: 8 }, (_, index) => `batch-${index}`);
  const write = (...more: readonly string[]) =>
    writeFileSync(join(signalbox.folder, 'services.json'), servicesText('web', ...more));
  try {
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.responses).toHaveLength(1));
    answer();
    write(...names);
    await eventually(async () => {
      answer();
      const { quarantined } = await release(signalbox);
      expect(quarantined.map(({ name, state }) => [name, state])).toEqual([['batch-5', 'rejected']]);
    }, 60_000);
    await eventually(() => {
      answer();
      expect(stream.last(TYPE_URL.cluster)?.resources).toHaveLength(8);
    });
    // All eight, then four, two and one of them.
    expect(refusals).toBe(4);
    write(...names.filter((name) => name !== 'batch-5'));
    await eventually(async () => expect((await release(signalbox)).quarantined).toEqual([]));
  } finally {
    client.close();
    await signalbox.close();
  }
});

test('rollout: a share of the proxies gets a change first, a refusal there keeps it from the others', async () => {
  const signalbox = await Signalbox.start(
    {
      discovery: { file: { path: 'services.json' } },
      rollout: { first: '30%', wait: '2s' },
    },
    { before: (folder) => writeFileSync(join(folder, 'services.json'), servicesText('a')) },
  );
  const clients = Array.from({ length: 20 }, () => connect(`127.0.0.1:${signalbox.xdsPort}`));
  const streams = clients.map((client, index) => new AdsStream(client, `proxy-${index}`));
  const write = (...names: readonly string[]) =>
    writeFileSync(join(signalbox.folder, 'services.json'), servicesText(...names));
  const sizes = () => streams.map((stream) => stream.last(TYPE_URL.cluster)?.resources?.length ?? 0);
  const count = (size: number) => sizes().filter((each) => each === size).length;
  try {
    for (const stream of streams) stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(count(1)).toBe(20), 30_000);
    for (const stream of streams) stream.answer(TYPE_URL.cluster, []);

    write('a', 'b');
    let first: readonly AdsStream[] = [];
    await eventually(() => {
      first = streams.filter((stream) => stream.last(TYPE_URL.cluster)?.resources?.length === 2);
      expect(first.length).toBeGreaterThan(0);
      expect(first.length).toBeLessThan(20);
    }, 30_000);
    for (const stream of first) stream.answer(TYPE_URL.cluster, []);
    await eventually(() => expect(count(2)).toBe(20), 30_000);
    for (const stream of streams) if (!first.includes(stream)) stream.answer(TYPE_URL.cluster, []);

    write('a', 'b', 'poison');
    const [canary] = first;
    await eventually(() => expect(canary?.last(TYPE_URL.cluster)?.resources).toHaveLength(3), 30_000);
    canary?.answer(TYPE_URL.cluster, [], 'cluster "poison" is bad');
    await eventually(async () =>
      expect((await release(signalbox)).quarantined).toMatchObject([{ name: 'poison', state: 'rejected' }]),
    );
    await eventually(async () => expect((await release(signalbox)).rollout).toBeNull(), 30_000);
    // The others have never seen it, and get what comes after it.
    write('a', 'b', 'poison', 'c');
    const others = streams.filter((stream) => !first.includes(stream));
    await eventually(() => {
      for (const stream of others) expect(stream.last(TYPE_URL.cluster)?.resources).toHaveLength(3);
    }, 30_000);
    for (const stream of others)
      for (const { resources = [] } of stream.responses)
        expect(resources.some((any) => 'value' in any && String(any.value).includes('poison'))).toBe(false);
  } finally {
    for (const client of clients) client.close();
    await signalbox.close();
  }
});

function servicesText(...names: readonly string[]): string {
  const at = [{ host: '127.0.0.1', port: 9 }];
  return JSON.stringify({ services: Object.fromEntries(names.map((name) => [name, at])) });
}
