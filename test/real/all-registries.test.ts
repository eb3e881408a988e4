import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { type RegistryPeer, startAllRegistries } from '../support/registry-peers.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const ROUNDS = 20;

let peers: readonly RegistryPeer[];
/** One for each registry, by the name of its type. */
const backends = new Map<string, Backend>();
let other: Backend;
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;

const path = ({ service }: RegistryPeer) => `/${service}/`;
function backendOf({ type }: RegistryPeer): Backend {
  const backend = backends.get(type);
  if (backend === undefined) throw new Error(`no backend for ${type}`);
  return backend;
}
const answersFrom = (peer: RegistryPeer, backend: Backend, every?: number) =>
  eventually(async () => expect((await traffic.get(path(peer))).service).toBe(backend.name), 30_000, every);

beforeAll(async () => {
  [peers, other] = await Promise.all([startAllRegistries(), Backend.start('other')]);
  for (const peer of peers) {
    const backend = await Backend.start(peer.type);
    backends.set(peer.type, backend);
    await peer.add(backend);
  }
  const port = await freePort();
  signalbox = await Signalbox.start({
    discovery: Object.fromEntries(peers.map(({ type, options }) => [type, options])),
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: peers.map((peer) => ({ match: { prefix: path(peer) }, service_name: peer.service })),
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
});

afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all(
    [...(peers ?? []), ...backends.values(), ...(other ? [other] : [])].map((one) => one.close()),
  );
});

test('a service from each of the seven registries is answered by its own instance', async () => {
  expect(peers.map(({ type }) => type)).toEqual([
    'consul_kv',
    'consul',
    'etcd',
    'eureka',
    'file',
    'nacos',
    'zookeeper',
  ]);
  for (const peer of peers) {
    await answersFrom(peer, backendOf(peer));
    expect(await traffic.count(path(peer), 20)).toEqual({ [peer.type]: 20 });
  }
});

/** Milliseconds from a registration to the first answer of what was registered, of 20 one after the other. */
async function latencies(peer: RegistryPeer): Promise<readonly number[]> {
  const own = backendOf(peer);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [to, from] = round % 2 === 0 ? [other, own] : [own, other];
    const began = performance.now();
    await peer.add(to);
    await answersFrom(peer, to, 1);
    times.push(performance.now() - began);
    await peer.remove(from);
    await eventually(
      async () => expect(await traffic.count(path(peer), 8)).toEqual({ [to.name]: 8 }),
      30_000,
    );
  }
  return times.sort((a, b) => a - b);
}

test('changes come to Envoy from each registry, and no request fails meanwhile', async () => {
  const steady = traffic.steady(...peers.map(path));
  const inTurn = async (some: readonly RegistryPeer[]) => {
    for (const peer of some) {
      const times = await latencies(peer);
      const [median = 0, worst = 0] = [times[ROUNDS / 2], times.at(-1)];
      console.log(
        `${peer.type}: registered to the first answer through Envoy: ` +
          `median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms of ${ROUNDS}`,
      );
    }
  };
  // Those that mostly wait do so beside the others.
  const waits = (peer: RegistryPeer) => ['eureka', 'nacos'].includes(peer.type);
  await Promise.all([
    ...peers.filter(waits).map((peer) => inTurn([peer])),
    inTurn(peers.filter((peer) => !waits(peer))),
  ]);
  const { requests, failures } = await steady.stop();
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(1_000);
}, 180_000);

interface Row {
  readonly registry: string;
  readonly state: string;
  readonly services: number;
  readonly instances: number;
  readonly last_error: { readonly code: string } | null;
}

/** What is shown of each registry, without what moves with time. */
async function rows(): Promise<ReadonlyMap<string, object>> {
  const { registries } = await signalbox.get<{ registries: readonly Row[] }>('/registries');
  return new Map(
    registries.map(({ registry, state, services, instances, last_error }) => [
      registry,
      { state, services, instances, failed: last_error !== null },
    ]),
  );
}

test('each registry killed in turn changes its own row alone, and no request fails', async () => {
  const good = { state: 'synced', services: 1, instances: 1, failed: false };
  const bad = { ...good, state: 'failing', failed: true };
  const expected = new Map<string, object>(peers.map(({ type }) => [type, good]));
  expect(await rows()).toEqual(expected);
  const steady = traffic.steady(...peers.map(path));
  for (const peer of peers) {
    await peer.kill();
    expected.set(peer.type, bad);
    await eventually(async () => expect(await rows()).toEqual(expected), 60_000);
    expect(await signalbox.status('/readyz')).toBe(200);
  }
  for (const peer of peers) expect(await traffic.count(path(peer), 100)).toEqual({ [peer.type]: 100 });
  const { requests, failures } = await steady.stop();
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(100);
}, 180_000);

test('Envoy rejected nothing after all of it', async () => {
  const stats = await envoy.stats();
  const rejected = [...stats].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
