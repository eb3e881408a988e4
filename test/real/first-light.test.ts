import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { Consul } from '../peers/consul.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { HttpProxy } from '../support/http-proxy.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

let consul: Consul;
let proxy: HttpProxy;
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;
let one: Backend;
let two: Backend;
let fallback: Backend;

const route = (name: string) => ({ match: { prefix: `/${name}/` }, service_name: name });

beforeAll(async () => {
  [one, two, fallback] = await Promise.all(
    ['one', 'two', 'fallback'].map((name) => Backend.start(name)) as [
      Promise<Backend>,
      Promise<Backend>,
      Promise<Backend>,
    ],
  );
  consul = await Consul.start({ mode: 'server' });
  await consul.kv.put(`upstreams/steady/${one.address}`, { weight: 1 });
  proxy = await HttpProxy.start(consul.url);
  const port = await freePort();
  signalbox = await Signalbox.start({
    discovery: {
      consul_kv: {
        servers: [proxy.url],
        skip_keys: ['upstreams/skipped/'],
        default_service: { host: '127.0.0.1', port: fallback.port },
      },
    },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: ['web', 'steady', 'skipped', 'unknown'].map(route),
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'sotw', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
  await eventually(async () =>
    expect(await traffic.get('/steady/')).toMatchObject({ status: 200, service: 'one' }),
  );
});

afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await proxy?.close();
  await consul?.close();
  await Promise.all([one, two, fallback].map((backend) => backend?.close()));
});

const web = (backend: Backend) => `upstreams/web/${backend.address}`;
const answersFrom = (path: string, service: string) =>
  eventually(async () => expect((await traffic.get(path)).service).toBe(service));

describe('a real Consul routed to by a real Envoy', () => {
  beforeEach(async () => {
    await consul.kv.delete('upstreams/web/', { recurse: true });
    await answersFrom('/web/', 'fallback');
  });

  test('an instance that is put is answered from, and soon', async () => {
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const backend = round % 2 === 0 ? one : two;
      const other = round % 2 === 0 ? two : one;
      const began = performance.now();
      await consul.kv.put(web(backend), { weight: 1 });
      if (round > 0) await consul.kv.delete(web(other));
      await eventually(
        async () => expect((await traffic.get('/web/')).service).toBe(backend.name),
        10_000,
        1,
      );
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const [median = 0, worst = 0] = [times[10], times.at(-1)];
    console.log(
      `Consul KV put to the first answer through Envoy: median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms of 20`,
    );
  });

  test('weights of 1 and 3 share 4,000 requests in that ratio', async () => {
    await consul.kv.put(web(one), { weight: 1 });
    await consul.kv.put(web(two), { weight: 3 });
    await eventually(async () =>
      expect(Object.keys(await traffic.count('/web/', 40)).sort()).toEqual(['one', 'two']),
    );
    const counts = await traffic.count('/web/', 4_000);
    const share = (counts.one ?? 0) / 40;
    console.log(`weights 1:3 gave ${JSON.stringify(counts)}`);
    expect((counts.one ?? 0) + (counts.two ?? 0)).toBe(4_000);
    expect(Math.abs(share - 25)).toBeLessThan(3);
  });

  test('what must not be served is not, and disturbs nothing', async () => {
    await consul.kv.put(web(one), { weight: 1 });
    await consul.kv.put(web(two), { weight: 1, check_status: false });
    await consul.kv.put(`upstreams/web/${fallback.address}`, { weight: 0 });
    await consul.kv.put('upstreams/web/127.0.0.1:1', '{"weight":');
    await consul.kv.put('upstreams/web/127.0.0.1:70000', { weight: 1 });
    await eventually(async () => {
      const { instances, filtered } = await signalbox.get<{
        instances: { address: string }[];
        filtered: { address: string; reason: string }[];
      }>('/services/web');
      expect(instances.map(({ address }) => address)).toEqual([one.address]);
      expect(Object.fromEntries(filtered.map(({ address, reason }) => [address, reason]))).toEqual({
        [two.address]: 'check_status',
        [fallback.address]: 'weight_zero',
        '127.0.0.1:1': 'bad_value',
        '127.0.0.1:70000': 'bad_port',
      });
    });
    await answersFrom('/web/', 'one');
    expect(await traffic.count('/web/', 100)).toEqual({ one: 100 });
    expect(await traffic.count('/steady/', 20)).toEqual({ one: 20 });
  });

  test('the last instance deleted and put back; a skipped and an unknown service', async () => {
    await consul.kv.put(web(one), { weight: 1 });
    await answersFrom('/web/', 'one');
    await consul.kv.delete(web(one));
    await answersFrom('/web/', 'fallback');
    await consul.kv.put(web(one), { weight: 1 });
    await answersFrom('/web/', 'one');

    await consul.kv.put(`upstreams/skipped/${one.address}`, { weight: 1 });
    await consul.kv.put(web(two), { weight: 1 });
    await answersFrom('/web/', 'two');
    expect(await traffic.count('/skipped/', 10)).toEqual({ fallback: 10 });
    expect(await traffic.count('/unknown/', 10)).toEqual({ fallback: 10 });
  });
});

describe('under steady requests no request fails while', () => {
  let steady: ReturnType<Traffic['steady']>;
  beforeEach(() => {
    steady = traffic.steady('/steady/');
  });
  afterEach(async () => {
    const { requests, failures } = await steady.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    await consul.kv.delete('upstreams/web/', { recurse: true });
    await answersFrom('/web/', 'fallback');
  });

  interface Registry {
    readonly state: string;
    readonly last_success: string;
    readonly last_error: { readonly at: string };
  }
  const registry = async () =>
    (await signalbox.get<{ registries: readonly [Registry] }>('/registries')).registries[0];
  const untilFailingFor = (seconds: number) =>
    eventually(async () => {
      const { state, last_success, last_error } = await registry();
      expect(state).toBe('failing');
      expect(Date.parse(last_error.at) - Date.parse(last_success)).toBeGreaterThan(seconds * 1_000);
    }, 40_000);
  const changesAreSeen = async () => {
    await consul.kv.put(web(two), { weight: 1 });
    await answersFrom('/web/', 'two');
    await eventually(async () => expect((await registry()).state).toBe('synced'));
  };

  test('Consul is stopped and started again', async () => {
    await consul.stop();
    await untilFailingFor(10);
    expect(await signalbox.status('/readyz')).toBe(200);
    await consul.start();
    await changesAreSeen();
  });

  test('Consul is frozen and thawed', async () => {
    consul.process.freeze();
    await untilFailingFor(10);
    consul.process.thaw();
    await changesAreSeen();
  });

  test.each(['error', 'garbage'] as const)('Consul answers with %s', async (mode) => {
    proxy.answer(mode);
    await untilFailingFor(1);
    proxy.answer('forward');
    await changesAreSeen();
  });
});

test('Envoy rejected nothing after all of it', async () => {
  const stats = await envoy.stats();
  const rejected = [...stats].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  const { proxies } = await signalbox.get<{ proxies: { types: Record<string, { rejected: unknown[] }> }[] }>(
    '/proxies',
  );
  expect(Object.keys(proxies[0]?.types ?? {})).toEqual(['CDS', 'EDS', 'LDS', 'RDS']);
  for (const type of Object.values(proxies[0]?.types ?? {})) expect(type.rejected).toEqual([]);
});
