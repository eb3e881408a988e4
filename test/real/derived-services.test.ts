import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Eureka } from '../peers/eureka.js';
import { eventually } from '../peers/eventually.js';
import { Nacos } from '../peers/nacos.js';
import { freePort } from '../peers/process.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const SERVICE = 'WEB';
const WINDOW = 30_000;

let eureka: Eureka;
let nacos: Nacos;
/** In Eureka, in both, in Nacos. */
let old: Backend;
let shared: Backend;
let fresh: Backend;
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;
let steady: ReturnType<Traffic['steady']>;
/** What stands in the file but policies. */
let base: Readonly<Record<string, unknown>>;

const discovery = (template = '{service}') => ({
  eureka: { host: [eureka.urlWithPassword], fetch_interval: 1, weight: 1, service_template: template },
  nacos: { host: [nacos.url], fetch_interval: 1, service_template: template },
});
/** Edits the configuration file. */
const configure = (services: object, template?: string) =>
  signalbox.configure({ ...base, discovery: discovery(template), services });
const answers = async (path: string, ...names: readonly string[]) =>
  await eventually(
    async () => expect(Object.keys(await traffic.count(path, 40)).sort()).toEqual([...names].sort()),
    WINDOW,
    50,
  );

beforeAll(async () => {
  [eureka, nacos, old, shared, fresh] = await Promise.all([
    Eureka.start(),
    Nacos.start(),
    Backend.start('old'),
    Backend.start('shared'),
    Backend.start('fresh'),
  ]);
  for (const [{ port }, version] of [
    [old, 'v1'],
    [shared, 'v2'],
  ] as const)
    await eureka.register({ app: SERVICE, host: '127.0.0.1', port, metadata: { version } });
  for (const [{ port }, clusterName, version] of [
    [shared, 'C1', 'v2'],
    [fresh, 'C2', 'v3'],
  ] as const)
    await nacos.register({ serviceName: SERVICE, ip: '127.0.0.1', port, clusterName, metadata: { version } });
  const route = (prefix: string, service_name: string) => ({
    match: { prefix: `/${prefix}/` },
    service_name,
  });
  const port = await freePort();
  base = {
    xds: { listen: `127.0.0.1:${await freePort()}` },
    admin: { listen: `127.0.0.1:${await freePort()}` },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: [
      route('web', SERVICE),
      route('shop', 'shop'),
      route('eureka', `eureka/${SERVICE}`),
      route('nacos', `nacos/${SERVICE}`),
    ],
  };
  signalbox = await Signalbox.start({ ...base, discovery: discovery(), services: {} });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
});

afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all([eureka, nacos, old, shared, fresh].map((one) => one?.close()));
});

describe('under steady requests, of which none fails,', () => {
  /** Every test begins with `shop` answered by what Eureka has. */
  beforeEach(async () => {
    configure({ shop: { sources: [{ registry: 'eureka', service: SERVICE }] } });
    await answers('/shop/', 'old', 'shared');
    steady = traffic.steady('/shop/');
  });
  afterEach(async () => {
    const { requests, failures } = await steady.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(10);
  });

  test('the same service in two registries is one, with duplicates once', async () => {
    await answers('/web/', 'old', 'shared', 'fresh');
    const counts = await traffic.count('/web/', 600);
    for (const name of ['old', 'shared', 'fresh']) {
      expect(counts[name]).toBeGreaterThan(180);
      expect(counts[name]).toBeLessThan(220);
    }
    const { instances, filtered } = await signalbox.get<{
      instances: { address: string; registry: string }[];
      filtered: { address: string; registry: string; reason: string }[];
    }>(`/services/${SERVICE}`);
    expect(new Map(instances.map(({ address, registry }) => [address, registry]))).toEqual(
      new Map([
        [old.address, 'eureka'],
        [shared.address, 'eureka'],
        [fresh.address, 'nacos'],
      ]),
    );
    expect(filtered).toMatchObject([{ address: shared.address, registry: 'nacos', reason: 'duplicate' }]);
  });

  test('a template keeps them apart', async () => {
    const sources = [{ registry: 'eureka', service: SERVICE }];
    configure({ shop: { sources } }, '{registry}/{service}');
    await answers('/eureka/', 'old', 'shared');
    await answers('/nacos/', 'shared', 'fresh');
    await answers('/web/', '503');
    await answers('/shop/', 'old', 'shared');
  });

  test('moved over step by step: 90:10, then 0:100', async () => {
    const shares = (eu: number, na: number) => ({
      shop: {
        sources: [
          { registry: 'eureka', service: SERVICE, where: { metadata: { version: 'v1' } }, weight: eu },
          { registry: 'nacos', service: SERVICE, weight: na },
        ],
      },
    });
    configure(shares(90, 10));
    await answers('/shop/', 'old', 'shared', 'fresh');
    const counts = await traffic.count('/shop/', 2_000);
    console.log(`90:10 gave ${JSON.stringify(counts)}`);
    expect(counts.old).toBeGreaterThan(1_740);
    expect(counts.old).toBeLessThan(1_860);
    expect((counts.old ?? 0) + (counts.shared ?? 0) + (counts.fresh ?? 0)).toBe(2_000);

    configure(shares(0, 100));
    await answers('/shop/', 'shared', 'fresh');
    const after = await traffic.count('/shop/', 400);
    console.log(`0:100 gave ${JSON.stringify(after)}`);
    expect((after.shared ?? 0) + (after.fresh ?? 0)).toBe(400);
  });

  test('priority 1 takes over while priority 0 has no healthy instance', async () => {
    configure({
      shop: {
        health_check: { path: '/health', interval: '500ms', unhealthy_threshold: 1, healthy_threshold: 1 },
        sources: [
          { registry: 'eureka', service: SERVICE, priority: 0 },
          { registry: 'nacos', service: SERVICE, priority: 1 },
        ],
      },
    });
    await eventually(
      async () => expect((await envoy.stats('cluster.shop.')).get('cluster.shop.membership_healthy')).toBe(3),
      WINDOW,
    );
    expect(Object.keys(await traffic.count('/shop/', 100)).sort()).toEqual(['old', 'shared']);

    old.healthy = false;
    shared.healthy = false;
    await answers('/shop/', 'fresh');
    expect(await traffic.count('/shop/', 100)).toEqual({ fresh: 100 });

    old.healthy = true;
    shared.healthy = true;
    await answers('/shop/', 'old', 'shared');
  });

  test('a subset by metadata, and one by the cluster of Nacos', async () => {
    configure({ shop: { sources: [{ service: SERVICE, where: { metadata: { version: 'v2' } } }] } });
    await answers('/shop/', 'shared');
    expect(await traffic.count('/shop/', 50)).toEqual({ shared: 50 });
    configure({ shop: { sources: [{ service: SERVICE, registry: 'nacos', where: { cluster: 'C2' } }] } });
    await answers('/shop/', 'fresh');
    expect(await traffic.count('/shop/', 50)).toEqual({ fresh: 50 });
  });
});

test('Envoy rejected nothing after all of it', async () => {
  const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
