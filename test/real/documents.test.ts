import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { TcpProxy } from '../peers/tcp-proxy.js';
import { nestedJson } from '../support/poison.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

interface ShownRoute {
  readonly id: string;
  readonly source: string;
  readonly state: string;
  readonly reason?: string;
  readonly rules: readonly { readonly service_name?: string }[];
}

let etcd: Etcd;
let proxy: TcpProxy;
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;
let steady: ReturnType<Traffic['steady']>;
let config: Readonly<Record<string, unknown>>;
const backends = new Map<string, Backend>();
const backend = (name: string): Backend => {
  const found = backends.get(name);
  if (found === undefined) throw new Error(`no backend ${name}`);
  return found;
};

const discovered = (service_name: string) => ({
  type: 'roundrobin',
  discovery_type: 'eureka',
  service_name,
});
/** Two services with the same API, told apart by a first segment that is taken off. */
const apisixRoute = (segment: string, service: string) => ({
  uri: `/${segment}/*`,
  plugins: { 'proxy-rewrite': { regex_uri: [`^/${segment}/(.*)`, '/$1'] } },
  upstream: discovered(service),
});

beforeAll(async () => {
  for (const name of ['user', 'a', 'b', 'node', 'steady']) backends.set(name, await Backend.start(name));
  etcd = await Etcd.start();
  proxy = await TcpProxy.start(etcd.port);
  await etcd.client.putAll([
    ...[
      ['USER-SERVICE', 'user'] as const,
      ['A-SERVICE', 'a'] as const,
      ['B-SERVICE', 'b'] as const,
      ['steady', 'steady'] as const,
    ].map(([service, name]) => [`/services/${service}/${backend(name).address}`, { weight: 1 }] as const),
    ['/apisix/routes/', 'init_dir'],
    ['/apisix/routes/user', { uri: '/user/*', upstream: discovered('USER-SERVICE') }],
    ['/apisix/routes/a', apisixRoute('a', 'A-SERVICE')],
    ['/apisix/routes/b', apisixRoute('b', 'B-SERVICE')],
  ]);
  const port = await freePort();
  const reach = { endpoints: [`http://127.0.0.1:${proxy.port}`], keepalive_interval: '500ms' };
  config = {
    xds: { listen: `127.0.0.1:${await freePort()}` },
    admin: { listen: `127.0.0.1:${await freePort()}` },
    discovery: { etcd: reach },
    routes_from: { etcd: reach, apisix: reach },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    routes: [{ match: { prefix: '/steady/' }, service_name: 'steady' }],
  };
  signalbox = await Signalbox.start(config);
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
  await eventually(async () => expect((await traffic.get('/steady/')).status).toBe(200));
  steady = traffic.steady('/steady/');
});

afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await proxy?.close();
  await etcd?.close();
  await Promise.all([...backends.values()].map((one) => one.close()));
});

const answers = (path: string, expected: object) =>
  eventually(async () => expect(await traffic.get(path)).toMatchObject(expected), 20_000);
const shown = async (id: string) =>
  (await signalbox.get<{ routes: ShownRoute[] }>('/routes')).routes.find((route) => route.id === id);
const shows = (id: string, expected: object | undefined) =>
  eventually(async () => {
    const route = await shown(id);
    if (expected === undefined) expect(route).toBeUndefined();
    else expect(route).toMatchObject(expected);
  }, 20_000);

describe('the store of an APISIX', () => {
  test('is routed by: a service, and two services with the same API', async () => {
    await answers('/user/1?x=y', { status: 200, service: 'user', path: '/user/1?x=y' });
    await answers('/a/test', { status: 200, service: 'a', path: '/test' });
    await answers('/b/test', { status: 200, service: 'b', path: '/test' });
    expect(await traffic.get('/other')).toMatchObject({ status: 404 });
    expect(await shown('/apisix/routes/user')).toMatchObject({
      source: 'routes_from.apisix',
      state: 'in_force',
      rules: [{ service_name: 'USER-SERVICE', match: { prefix: '/user/' } }],
    });
    expect(await shown('routes[0]')).toMatchObject({ source: 'file', state: 'in_force' });
  });

  test('a route changed, disabled, enabled, broken, repaired and deleted', async () => {
    const id = '/apisix/routes/b';
    await etcd.client.put(id, apisixRoute('b', 'A-SERVICE'));
    await answers('/b/test', { service: 'a', path: '/test' });
    await etcd.client.put(id, { ...apisixRoute('b', 'A-SERVICE'), status: 0 });
    await answers('/b/test', { status: 404 });
    await shows(id, { state: 'disabled', rules: [] });
    await etcd.client.put(id, apisixRoute('b', 'B-SERVICE'));
    await answers('/b/test', { service: 'b' });

    for (const [broken, reason] of [
      [{ ...apisixRoute('b', 'A-SERVICE'), script: 'return {}' }, '"script" is not carried over'],
      ['{"uri": "/b/*", ', expect.stringContaining('is not valid JSON')],
      [
        `{"uri": "/b/*", "labels": ${nestedJson(5_000)}}`,
        expect.stringContaining('nested deeper than 32 levels'),
      ],
      [`{"uri": "/b/*", "desc": "${'x'.repeat(300_000)}"}`, expect.stringContaining('262144 is the most')],
      [
        {
          uri: '/b/*',
          plugins: { 'proxy-rewrite': { regex_uri: ['^/(?!x)', '/'] } },
          upstream: discovered('A-SERVICE'),
        },
        expect.stringContaining('no regular expression for Envoy'),
      ],
    ] as const) {
      await etcd.client.put(id, broken);
      await shows(id, { state: 'rejected', reason, rules: [{ service_name: 'B-SERVICE' }] });
      // What comes after it is in force: it stands in nobody's way.
      await etcd.client.put('/apisix/routes/after', { uri: '/after', upstream: discovered('USER-SERVICE') });
      await answers('/after', { service: 'user' });
      await etcd.client.delete('/apisix/routes/after');
      await answers('/after', { status: 404 });
      expect(await traffic.get('/b/test')).toMatchObject({ service: 'b', path: '/test' });
    }
    await etcd.client.put(id, apisixRoute('b', 'A-SERVICE'));
    await answers('/b/test', { service: 'a', path: '/test' });
    await shows(id, { state: 'in_force' });
    await etcd.client.delete(id);
    await answers('/b/test', { status: 404 });
    await shows(id, undefined);
  });

  test('static nodes are a service of their own, which changes and goes with them', async () => {
    const nodes = (...names: readonly string[]) => ({
      type: 'roundrobin',
      nodes: Object.fromEntries(names.map((name) => [backend(name).address, 1])),
    });
    await etcd.client.put('/apisix/routes/n', { uri: '/n/*', upstream_id: 'n' });
    await shows('/apisix/routes/n', { state: 'rejected', rules: [] });
    await etcd.client.put('/apisix/upstreams/n', nodes('node'));
    await answers('/n/', { service: 'node' });
    await etcd.client.put('/apisix/upstreams/n', nodes('node', 'a'));
    await eventually(async () =>
      expect(Object.keys(await traffic.count('/n/', 20)).sort()).toEqual(['a', 'node']),
    );
    expect(await signalbox.get('/services/apisix/upstream/n')).toMatchObject({
      registries: ['routes_from.apisix'],
    });
    await etcd.client.delete('/apisix/upstreams/n');
    await shows('/apisix/routes/n', { state: 'rejected', rules: [{ service_name: 'apisix/upstream/n' }] });
    expect((await traffic.get('/n/')).status).toBe(200);
    await etcd.client.delete('/apisix/routes/n');
    await answers('/n/', { status: 404 });
    await eventually(async () => expect(await signalbox.status('/services/apisix/upstream/n')).toBe(404));
  });
});

describe("Signalbox's own documents", () => {
  test('routes and policies of the schema of the configuration file', async () => {
    await etcd.client.put('/signalbox/routes/own', {
      match: { prefix: '/own/' },
      service_name: 'B-SERVICE',
      rewrite: { prefix: '/' },
    });
    await answers('/own/x', { service: 'b', path: '/x' });
    await etcd.client.put('/signalbox/routes/own', { match: { prefix: '/own/' }, servicename: 'A-SERVICE' });
    await shows('/signalbox/routes/own', { state: 'rejected', rules: [{ service_name: 'B-SERVICE' }] });
    expect((await shown('/signalbox/routes/own'))?.reason).toContain('did you mean "service_name"?');
    const struct = `"envoy": {"metadata": {"filter_metadata": {"x": ${nestedJson(60)}}}}`;
    await etcd.client.put(
      '/signalbox/routes/deep',
      `{"match": {"prefix": "/own/"}, "service_name": "B-SERVICE", ${struct}}`,
    );
    await shows('/signalbox/routes/deep', {
      state: 'rejected',
      reason: expect.stringContaining('nested deeper than 32 levels'),
    });
    const connectTimeout = async (name: string) => {
      const dump = (await envoy.configDump()).get('ClustersConfigDump');
      const clusters = dump?.dynamic_active_clusters as {
        cluster: { name: string; connect_timeout: string };
      }[];
      return clusters.find(({ cluster }) => cluster.name === name)?.cluster.connect_timeout;
    };
    await etcd.client.put('/signalbox/services/B-SERVICE', { connect_timeout: '1500ms' });
    await eventually(async () => expect(await connectTimeout('B-SERVICE')).toBe('1.500s'));
    await etcd.client.put('/signalbox/services/B-SERVICE', { connect_timeout: 'soon' });
    await eventually(async () => {
      const { policies } = await signalbox.get<{ policies: { state: string; reason: string }[] }>('/routes');
      expect(policies).toMatchObject([{ state: 'rejected', service: 'B-SERVICE' }]);
    });
    expect(await connectTimeout('B-SERVICE')).toBe('1.500s');
    await etcd.client.delete('/signalbox/services/B-SERVICE');
    await eventually(async () => expect(await connectTimeout('B-SERVICE')).toBe('5s'));
    await etcd.client.delete('/signalbox/routes/own');
    await etcd.client.delete('/signalbox/routes/deep');
    await answers('/own/x', { status: 404 });
  });
});

describe('the stores', () => {
  test('share one connection with the registry, and outlive a change of the configuration', async () => {
    expect(proxy.open).toBe(1);
    const { connections } = proxy;
    signalbox.configure({
      ...config,
      routes: [
        { match: { prefix: '/steady/' }, service_name: 'steady' },
        { match: { path: '/reloaded' }, service_name: 'A-SERVICE' },
      ],
    });
    await answers('/reloaded', { service: 'a' });
    await answers('/a/test', { service: 'a' });
    expect(proxy.connections).toBe(connections);
    expect((await signalbox.get<{ registries: object[] }>('/registries')).registries).toMatchObject([
      { registry: 'etcd', state: 'synced' },
      { registry: 'routes_from.etcd', state: 'synced', revision: expect.any(String) },
      { registry: 'routes_from.apisix', state: 'synced', revision: expect.any(String) },
    ]);
  });

  test('stay in force while etcd is down', async () => {
    await etcd.stop();
    await eventually(async () => {
      const { registries } = await signalbox.get<{ registries: { state: string }[] }>('/registries');
      expect(registries.map(({ state }) => state)).toEqual(['failing', 'failing', 'failing']);
    }, 20_000);
    await answers('/a/test', { service: 'a', path: '/test' });
    await etcd.start();
    await etcd.client.put('/apisix/routes/late', { uri: '/late', upstream: discovered('USER-SERVICE') });
    await answers('/late', { service: 'user' });
  });

  test('no request failed and Envoy rejected nothing in all of it', async () => {
    const { requests, failures } = await steady.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
    expect(rejected.length).toBeGreaterThanOrEqual(4);
    expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  });
});

test('nothing is published before the stores have answered or the grace is over, which is said', async () => {
  const silent = await TcpProxy.start(etcd.port);
  silent.refuse();
  const late = await Signalbox.start(
    {
      startup_grace: '3s',
      routes_from: { etcd: { endpoints: [`http://127.0.0.1:${silent.port}`], keepalive_interval: '500ms' } },
    },
    { waitFor: 'serving' },
  );
  try {
    expect(await late.status('/readyz')).toBe(503);
    expect(JSON.stringify(await late.get('/readyz'))).toContain('routes_from.etcd');
    await eventually(async () => expect(await late.status('/readyz')).toBe(200), 20_000);
    await eventually(async () =>
      expect(late.process.output).toContain('has not answered within startup_grace'),
    );
    await etcd.client.put('/signalbox/routes/late', { match: { path: '/late' }, service_name: 'x' });
    silent.forward();
    await eventually(async () =>
      expect((await late.get<{ routes: object[] }>('/routes')).routes).toMatchObject([
        { id: '/signalbox/routes/late', state: 'in_force' },
      ]),
    );
  } finally {
    await late.close();
    await silent.close();
  }
});
