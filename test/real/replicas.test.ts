import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import type { DeltaDiscoveryResponse } from '../../src/generated/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { AdsStream, connect, deserialize, serialize } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const ROUNDS = 25;
let backend: Backend;
let etcd: Etcd;
let replicas: readonly Signalbox[];
let proxy: TcpProxy;
let traffic: Traffic;
let envoy: Envoy;
const clients: Client[] = [];

const replica = (number: number): Signalbox => {
  const found = replicas[number];
  if (found === undefined) throw new Error(`no replica ${number}`);
  return found;
};
const writeFile = (folder: string, round: number) => {
  const at = [{ host: '127.0.0.1', port: backend.port, weight: 1 + (round % 7) }];
  writeFileSync(join(folder, 'new'), JSON.stringify({ services: { web: at, [`file-${round}`]: at } }));
  renameSync(join(folder, 'new'), join(folder, 'services.json'));
};
const open = (number: number): Client => {
  const client = connect(`127.0.0.1:${replica(number).xdsPort}`, { 'grpc.use_local_subchannel_pool': 1 });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  [backend, etcd] = await Promise.all([Backend.start('one'), Etcd.start()]);
  await etcd.client.put(`/services/keys/${backend.address}`, { weight: 1 });
  traffic = new Traffic(await freePort());
  const config = {
    xds: { listen: '127.0.0.1:0', drain: '3s' },
    discovery: {
      etcd: { endpoints: [`http://127.0.0.1:${etcd.port}`] },
      file: { path: 'services.json' },
    },
    listeners: [{ name: 'http', address: `127.0.0.1:${traffic.port}` }],
    auto_routes: true,
  };
  const start = () => Signalbox.start(config, { before: (folder) => writeFile(folder, 0) });
  replicas = await Promise.all([start(), start()]);
  proxy = await TcpProxy.start(replica(0).xdsPort);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await traffic?.close();
  await envoy?.stop();
  await proxy?.close();
  for (const each of replicas ?? []) await each.close();
  await etcd?.close();
  await backend?.close();
});

const versionOf = async (number: number) =>
  (await replica(number).get<{ snapshots: readonly { version: string }[] }>('/snapshots')).snapshots[0]
    ?.version;
const dump = (number: number) => replica(number).get('/config_dump');
const converged = () =>
  eventually(async () => {
    const [a, b] = await Promise.all([versionOf(0), versionOf(1)]);
    expect(a).toBeDefined();
    expect(a).toBe(b);
    return a;
  }, 30_000);

test('under continuous change both say the same resources at the same versions after each change', async () => {
  const versions = new Set<string | undefined>();
  for (let round = 1; round <= ROUNDS; round += 1) {
    // The same in another order and at another pace.
    for (const { folder } of round % 2 === 0 ? replicas : replicas.toReversed()) writeFile(folder, round);
    await etcd.client.putAll([
      [`/services/keys/${backend.address}`, { weight: 1 + (round % 5) }],
      [`/services/etcd-${round}/${backend.address}`, { weight: 1 }],
    ]);
    if (round > 3) await etcd.client.delete(`/services/etcd-${round - 3}/${backend.address}`);
    await eventually(async () => {
      for (const number of [0, 1]) {
        const text = JSON.stringify(await dump(number));
        expect([text.includes(`etcd-${round}`), text.includes(`file-${round}`)]).toEqual([true, true]);
      }
    }, 30_000);
    versions.add(await converged());
  }
  expect(versions.size).toBe(ROUNDS);
  const normal = (value: unknown) =>
    JSON.parse(JSON.stringify(value), (key, inner) => (key === 'last_updated' ? undefined : inner));
  expect(normal(await dump(0))).toEqual(normal(await dump(1)));
  console.log(`${ROUNDS} changes, ${versions.size} versions, equal at both replicas`);
});

test('a state-of-the-world client that moves is sent the same clusters at the same version', async () => {
  const first = new AdsStream(open(0), 'sotw-mover');
  first.ask(TYPE_URL.cluster);
  await eventually(() => expect(first.last(TYPE_URL.cluster)).toBeDefined());
  const { version_info = '', resources = [] } = first.last(TYPE_URL.cluster) ?? {};
  expect(resources.length).toBeGreaterThan(3);

  const client = open(1);
  const other = new AdsStream(client, 'newcomer');
  other.ask(TYPE_URL.cluster);
  await eventually(() => expect(other.last(TYPE_URL.cluster)?.version_info).toBe(version_info));
  expect(other.last(TYPE_URL.cluster)?.resources).toHaveLength(resources.length);

  const call = client.makeBidiStreamRequest(
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
    serialize('envoy.service.discovery.v3.DiscoveryRequest'),
    deserialize('envoy.service.discovery.v3.DiscoveryResponse'),
  );
  const responses: { type_url?: string; version_info?: string }[] = [];
  call.on('data', (response) => responses.push(response));
  call.on('error', () => undefined);
  call.write({ node: { id: 'sotw-mover' }, type_url: TYPE_URL.cluster, version_info });
  // Clusters are sent whatever version it has: an Envoy may lack some of a response that it rejected.
  await eventually(() => expect(responses).toMatchObject([{ type_url: TYPE_URL.cluster, version_info }]));
  call.cancel();
});

test('a delta client that moves is sent nothing', async () => {
  const stream = (number: number) => {
    const call = open(number).makeBidiStreamRequest(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      serialize('envoy.service.discovery.v3.DeltaDiscoveryRequest'),
      deserialize('envoy.service.discovery.v3.DeltaDiscoveryResponse'),
    );
    const responses: DeltaDiscoveryResponse[] = [];
    call.on('data', (response: DeltaDiscoveryResponse) => responses.push(response));
    call.on('error', () => undefined);
    return { call, responses };
  };
  const first = stream(0);
  first.call.write({ node: { id: 'delta-mover' }, type_url: TYPE_URL.cluster });
  await eventually(() => expect(first.responses).toHaveLength(1));
  const had = (first.responses[0]?.resources ?? []).map(({ name = '', version = '' }) => [name, version]);
  expect(had.length).toBeGreaterThan(3);
  first.call.cancel();

  const second = stream(1);
  second.call.write({
    node: { id: 'delta-mover' },
    type_url: TYPE_URL.cluster,
    initial_resource_versions: Object.fromEntries(had),
  });
  second.call.write({ type_url: TYPE_URL.listener });
  await eventually(() =>
    expect(second.responses.map(({ type_url }) => type_url)).toEqual([TYPE_URL.listener]),
  );
  second.call.cancel();
});

test('an Envoy that moves to the other replica is sent nothing, and then the next change', async () => {
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: proxy.port, node: 'mover' }));
  await eventually(async () => expect((await traffic.get('/keys/')).status).toBe(200), 30_000);
  const updates = async () =>
    [...(await envoy.stats())]
      .filter(([name]) => /(^|\.)update_success$/.test(name) && !name.includes('.xds.'))
      .sort();
  const before = await updates();
  expect(before.length).toBeGreaterThan(4);
  proxy.target = replica(1).xdsPort;
  proxy.cut();
  const here = async () =>
    (
      await replica(1).get<{ proxies: readonly { node: { id: string }; types: object }[] }>('/proxies')
    ).proxies.find(({ node }) => node.id === 'mover');
  await eventually(
    async () => expect(Object.keys((await here())?.types ?? {})).toEqual(['CDS', 'EDS', 'LDS', 'RDS']),
    30_000,
  );
  expect(await updates()).toEqual(before);
  await etcd.client.put(`/services/moved/${backend.address}`, { weight: 1 });
  await eventually(async () => expect((await traffic.get('/moved/')).status).toBe(200), 30_000);
  await envoy.stop();
});

test('one of two replicas behind an Envoy is told to end: no request fails, the stream goes to the other', async () => {
  const document = parseDocument(adsBootstrap({ mode: 'delta', xdsPort: replica(0).xdsPort, node: 'both' }));
  const list = ['static_resources', 'clusters', 0, 'load_assignment', 'endpoints', 0, 'lb_endpoints'];
  const address = { socket_address: { address: '127.0.0.1', port_value: replica(1).xdsPort } };
  document.addIn(list, document.createNode({ endpoint: { address } }));
  envoy = await Envoy.start(document.toString());
  await eventually(async () => expect((await traffic.get('/keys/')).status).toBe(200), 30_000);
  const servedBy = async (number: number) =>
    (await replica(number).get<{ proxies: readonly { node: { id: string } }[] }>('/proxies')).proxies.some(
      ({ node }) => node.id === 'both',
    );
  const leaving = (await servedBy(0)) ? 0 : 1;
  const staying = 1 - leaving;
  expect([await servedBy(leaving), await servedBy(staying)]).toEqual([true, false]);
  const scripted = Array.from({ length: 10 }, (_, index) => new AdsStream(open(leaving), `drained-${index}`));
  for (const stream of scripted) stream.ask(TYPE_URL.cluster);
  await eventually(() => {
    for (const stream of scripted) expect(stream.last(TYPE_URL.cluster)).toBeDefined();
  }, 30_000);
  const steady = traffic.steady('/keys/', '/web/');
  try {
    const stopped = replica(leaving).stop();
    const counts = new Set<number>();
    await eventually(() => {
      const ended = scripted.filter((stream) => stream.ended !== undefined).length;
      counts.add(ended);
      expect(ended).toBe(scripted.length);
    }, 30_000);
    // One after the other.
    expect([...counts].filter((ended) => ended > 0 && ended < scripted.length).length).toBeGreaterThan(0);
    await stopped;
    await eventually(async () => expect(await servedBy(staying)).toBe(true), 30_000);
    await etcd.client.put(`/services/drained/${backend.address}`, { weight: 1 });
    await eventually(async () => expect((await traffic.get('/drained/')).status).toBe(200), 30_000);
  } finally {
    const { requests, failures } = await steady.stop();
    console.log(`drained: ${requests} requests, ${failures.length} failed`);
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(20);
  }
});
