import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClientStatusResponse } from '../../../src/generated/types/envoy/service/status/v3/ClientStatusResponse.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Backend } from '../../peers/backend.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { AdsStream, connect, deserialize, serialize } from '../../support/ads-client.js';
import { Signalbox } from '../../support/signalbox.js';
import { Traffic } from '../../support/traffic.js';

const MODES = ['sotw', 'delta'] as const;
const BACKENDS = ['one', 'two'] as const;

interface Proxy {
  readonly worker: number;
  readonly node: { readonly id: string };
  readonly types: Readonly<
    Record<string, { readonly status: string; readonly rejected: readonly unknown[] }>
  >;
}

let backends: Readonly<Record<(typeof BACKENDS)[number], Backend>>;
let signalbox: Signalbox;
let config: Readonly<Record<string, unknown>>;
let xdsPort: number;
let traffic: Traffic;
/** Both listen on one port: each has its part of the requests. */
const envoys = new Map<(typeof MODES)[number], Envoy>();

beforeAll(async () => {
  const [one, two] = await Promise.all([Backend.start('one'), Backend.start('two')]);
  backends = { one, two };
  const port = await freePort();
  xdsPort = await freePort();
  config = {
    xds: { listen: `127.0.0.1:${xdsPort}` },
    admin: { listen: `127.0.0.1:${await freePort()}` },
    discovery: { file: { path: 'services.yaml' } },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    auto_routes: true,
  };
  signalbox = await Signalbox.start(config, { waitFor: 'serving', args: ['--workers', '2'] });
  serve({ steady: ['one'], web: ['one'] });
  for (const mode of MODES) {
    envoys.set(mode, await Envoy.start(adsBootstrap({ mode, xdsPort, node: mode })));
  }
  traffic = new Traffic(port);
  await eventually(() => goesTo('web', 'one'), 30_000);
});

afterAll(async () => {
  await traffic?.close();
  for (const envoy of envoys.values()) await envoy.stop();
  await signalbox?.close();
  for (const backend of Object.values(backends ?? {})) await backend.close();
});

function serve(services: Readonly<Record<string, readonly (keyof typeof backends)[]>>): void {
  const path = join(signalbox.folder, 'services.yaml');
  const instances = Object.entries(services).map(([name, names]) => [
    name,
    names.map((backend) => ({ host: '127.0.0.1', port: backends[backend].port })),
  ]);
  writeFileSync(`${path}.new`, JSON.stringify({ services: Object.fromEntries(instances) }));
  renameSync(`${path}.new`, path);
}

/** All that many connections to both Envoys are told. */
async function goesTo(service: string, backend: keyof typeof backends): Promise<void> {
  expect(await traffic.count(`/${service}/`, 40)).toEqual({ [backend]: 40 });
}

const proxies = async () => (await signalbox.get<{ proxies: readonly Proxy[] }>('/proxies')).proxies;
const workerOf = async (node: string) => (await proxies()).find((proxy) => proxy.node.id === node)?.worker;

/** The process of each worker that was started last. */
function pids(): ReadonlyMap<number, number> {
  const lines = signalbox.process.output
    .split('\n')
    .filter((line) => line.includes('"msg":"worker serving"'));
  return new Map(
    lines.map((line) => JSON.parse(line)).map(({ worker, pid }) => [Number(worker), Number(pid)]),
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Proxies with a connection each, until every worker has one of them. */
async function oneAtEachWorker(): Promise<{ readonly nodes: readonly string[]; close(): void }> {
  const clients: ReturnType<typeof connect>[] = [];
  const streams: AdsStream[] = [];
  await eventually(async () => {
    const client = connect(`127.0.0.1:${xdsPort}`, { 'grpc.use_local_subchannel_pool': 1 });
    clients.push(client);
    const stream = new AdsStream(client, `scripted-${clients.length}`);
    streams.push(stream);
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.last(TYPE_URL.cluster)).toBeDefined());
    const own = (await proxies()).filter(({ node }) => node.id.startsWith('scripted-'));
    expect(new Set(own.map(({ worker }) => worker))).toEqual(new Set([1, 2]));
  }, 30_000);
  return {
    nodes: streams.map((_, index) => `scripted-${index + 1}`),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

async function clientStatus(): Promise<ClientStatusResponse> {
  const client = connect(`127.0.0.1:${xdsPort}`, { 'grpc.use_local_subchannel_pool': 1 });
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus',
        serialize('envoy.service.status.v3.ClientStatusRequest'),
        deserialize('envoy.service.status.v3.ClientStatusResponse'),
        {},
        (error: ServiceError | null, answer?: ClientStatusResponse) => {
          if (error === null) resolve(answer ?? {});
          else reject(error);
        },
      );
    });
  } finally {
    client.close();
  }
}

/** What an Envoy has counted of each type and cluster, by the names of its counters; the cluster of Signalbox itself is no xDS. */
async function counted(envoy: Envoy, counter: string): Promise<Readonly<Record<string, number>>> {
  const stats = [...(await envoy.stats())].filter(
    ([name]) => name.endsWith(`.${counter}`) && !name.startsWith('cluster.xds.'),
  );
  expect(stats.length).toBeGreaterThanOrEqual(4);
  return Object.fromEntries(stats);
}

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

test('a change reaches the Envoys, whichever worker serves them', async () => {
  serve({ steady: ['one'], web: ['two'] });
  await eventually(() => goesTo('web', 'two'));
  serve({ steady: ['one'], web: ['one'], more: ['two'] });
  await eventually(() => goesTo('web', 'one'));
  await eventually(() => goesTo('more', 'two'));
});

test('a change of the configuration is taken over', async () => {
  signalbox.configure({ ...config, services: { '*': { connect_timeout: '3s' } } });
  const { version } = (await signalbox.get<{ snapshots: readonly [{ version: string }] }>('/snapshots'))
    .snapshots[0];
  signalbox.process.signal('SIGHUP');
  await eventually(async () => {
    for (const envoy of envoys.values())
      expect(await envoy.get('/config_dump')).toContain('"connect_timeout": "3s"');
  });
  const { snapshots } = await signalbox.get<{ snapshots: readonly [{ version: string }] }>('/snapshots');
  expect(snapshots[0].version).not.toBe(version);
});

test('the admin API and the client status service tell of the proxies of all workers', async () => {
  const { nodes, close } = await oneAtEachWorker();
  try {
    const all = [...MODES, ...nodes].sort();
    expect((await proxies()).map(({ node }) => node.id).sort()).toEqual(all);
    const answer = await signalbox.get<{
      services: [{ resources: { type: string; proxies: { node: string; status: string }[] }[] }];
    }>('/explain?q=web');
    const clusters = answer.services[0].resources.find(({ type }) => type === 'CDS');
    expect(clusters?.proxies.map(({ node }) => node).sort()).toEqual(all);
    for (const { node, status } of clusters?.proxies ?? [])
      expect([node, status]).toEqual([node, node.startsWith('scripted') ? 'STALE' : 'SYNCED']);
    // More than one, since each asks another worker.
    for (let asked = 0; asked < 4; asked += 1) {
      const { config: clients = [] } = await clientStatus();
      expect(clients.map(({ node }) => node?.id).sort()).toEqual(all);
      expect(clients.every(({ generic_xds_configs = [] }) => generic_xds_configs.length > 0)).toBe(true);
    }
  } finally {
    close();
  }
});

test('a worker that stands still is told of, not kept silent about', async () => {
  const [worker, pid] = [...pids()][0] ?? [0, 0];
  process.kill(pid, 'SIGSTOP');
  try {
    const answer = await signalbox.get('/proxies');
    expect(answer).toEqual({ error: `worker ${worker} does not answer within 2000 ms` });
    expect(await signalbox.status('/proxies')).toBe(503);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await eventually(async () => expect(await signalbox.status('/proxies')).toBe(200));
});

test.each(MODES)(
  'the worker of the %s Envoy is killed: no request fails, and nothing is sent twice',
  async (mode) => {
    const envoy = envoys.get(mode);
    const worker = await workerOf(mode);
    const pid = pids().get(worker ?? 0);
    if (envoy === undefined || pid === undefined) throw new Error('no worker serves the Envoy');
    const attempts = async () => sum(await counted(envoy, 'update_attempt'));
    const before = { updates: await counted(envoy, 'update_success'), attempts: await attempts() };
    const steady = traffic.steady('/steady/');
    try {
      process.kill(pid, 'SIGKILL');
      await eventually(() =>
        expect(signalbox.process.output).toContain('a worker has ended, starting it again'),
      );
      await eventually(() => expect(pids().get(worker ?? 0)).not.toBe(pid), 30_000);
      await eventually(async () => {
        const proxy = (await proxies()).find(({ node }) => node.id === mode);
        expect(Object.keys(proxy?.types ?? {})).toEqual(['CDS', 'EDS', 'LDS', 'RDS']);
      }, 30_000);
      expect(await attempts()).toBeGreaterThan(before.attempts);
      // In SotW clusters and listeners are always sent on a new stream; the Envoy skips what is equal.
      const again = (name: string) =>
        mode === 'sotw' && /^(cluster_manager\.cds|listener_manager\.lds)\./.test(name) ? 1 : 0;
      const expected = Object.entries(before.updates).map(([name, count]) => [name, count + again(name)]);
      await eventually(async () =>
        expect(await counted(envoy, 'update_success')).toEqual(Object.fromEntries(expected)),
      );
      serve({ steady: ['one'], web: ['two'] });
      await eventually(() => goesTo('web', 'two'), 30_000);
      serve({ steady: ['one'], web: ['one'] });
      await eventually(() => goesTo('web', 'one'), 30_000);
      expect(sum(await counted(envoy, 'update_rejected'))).toBe(0);
    } finally {
      const { requests, failures } = await steady.stop();
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(20);
    }
  },
);

test('all workers are killed: not ready until one serves again', async () => {
  for (const pid of pids().values()) process.kill(pid, 'SIGKILL');
  await eventually(async () => expect(await signalbox.status('/readyz')).toBe(503));
  await eventually(async () => expect(await signalbox.status('/readyz')).toBe(200), 30_000);
  await eventually(async () => {
    expect((await proxies()).map(({ node }) => node.id).sort()).toEqual([...MODES].sort());
  }, 30_000);
  for (const envoy of envoys.values()) expect(sum(await counted(envoy, 'update_rejected'))).toBe(0);
});

test('SIGTERM to all processes ends all of them, and the proxies are told', async () => {
  const { close } = await oneAtEachWorker();
  try {
    const all = [...pids().values()];
    const { process: primary } = signalbox;
    // As a terminal or a service manager does it.
    for (const pid of [...all, primary.pid]) process.kill(pid, 'SIGTERM');
    // It cuts itself off with 1 where it does not end within 5 s.
    await primary.ended;
    expect(primary.exitCode).toBe(0);
    expect(all.filter(isAlive)).toEqual([]);
    const lines = primary.output.split('\n').filter((line) => line !== '');
    const workers = new Set(lines.map((line) => JSON.parse(line).worker));
    expect([...workers].sort()).toEqual([1, 2, undefined]);
    await goesTo('web', 'one');
  } finally {
    close();
  }
  await signalbox.run();
  await eventually(async () => {
    expect((await proxies()).map(({ node }) => node.id).sort()).toEqual([...MODES].sort());
  }, 30_000);
});

test('the primary process is killed: no worker stays', async () => {
  const all = [...pids().values()];
  expect(all.filter(isAlive)).toHaveLength(2);
  await signalbox.stop('SIGKILL');
  await eventually(() => expect(all.filter(isAlive)).toEqual([]));
});

test('a port that is taken: it does not start, and says why', async () => {
  const other = await Backend.start('other');
  try {
    signalbox.configure({ ...config, xds: { listen: `127.0.0.1:${other.port}` } });
    await expect(signalbox.run()).rejects.toThrow(/cannot start: cannot listen on 127.0.0.1:\d+/);
    expect(signalbox.process.exitCode).toBe(1);
  } finally {
    await other.close();
  }
});
