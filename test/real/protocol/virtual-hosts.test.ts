import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resourceFromJson } from '../../../src/resources/given.js';
import type { Resource } from '../../../src/snapshot/resource.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { ControlPlane } from '../../support/control-plane.js';

const TYPE = 'type.googleapis.com/envoy';
/** Envoy waits without end: what is not answered hangs. */
const forever = { initial_fetch_timeout: '0s', resource_api_version: 'V3' };
const ads = { ads: {}, ...forever };
const own = {
  api_config_source: {
    api_type: 'DELTA_GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
  },
  ...forever,
};

function host(name: string, domains: readonly string[], body = name): Resource {
  const routes = [
    { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: body } } },
  ];
  return resourceFromJson(TYPE_URL.virtualHost, { name, domains, routes });
}

function listener(name: string, port: number): Resource {
  const manager = {
    '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    rds: { route_config_name: name, config_source: ads },
    http_filters: [
      {
        name: 'on_demand',
        typed_config: { '@type': `${TYPE}.extensions.filters.http.on_demand.v3.OnDemand` },
      },
      { name: 'router', typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` } },
    ],
  };
  return resourceFromJson(TYPE_URL.listener, {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  });
}

function routes(name: string, config_source: object, fields: object = {}): Resource {
  return resourceFromJson(TYPE_URL.route, { name, vhds: { config_source }, ...fields });
}

/** The route configurations: virtual hosts over ADS and over a service of their own, and one that ignores ports. */
const CONFIGURATIONS = ['over/ads', 'over/own', 'portless'] as const;
type Configuration = (typeof CONFIGURATIONS)[number];

const ports = new Map<string, number>();
let published: readonly Resource[] = [];
let plane: ControlPlane;
let envoy: Envoy;

function publish(...resources: readonly Resource[]): void {
  published = resources;
  plane.publish(...resources);
}

/** Puts these resources in the place of those of their names, or beside the others. */
function change(...resources: readonly Resource[]): void {
  const names = new Set(resources.map(({ name, typeUrl }) => `${typeUrl} ${name}`));
  publish(...published.filter(({ name, typeUrl }) => !names.has(`${typeUrl} ${name}`)), ...resources);
}

function remove(...names: readonly string[]): void {
  publish(...published.filter(({ name }) => !names.includes(name)));
}

/** What is answered to a host, or the status where that is not 200. Fails where Envoy does not answer soon. */
async function answer(configuration: Configuration, host: string): Promise<string | number> {
  const url = `http://127.0.0.1:${ports.get(configuration)}/`;
  const { statusCode, body } = await request(url, { headers: { host }, headersTimeout: 3_000 });
  const text = await body.text();
  return statusCode === 200 ? text : statusCode;
}

const hosts = (name: Configuration) => [
  host(`${name}/exact`, ['a.test', 'Upper.test']),
  host(`${name}/wild`, ['*.example.com']),
  host(`${name}/specific`, ['api.example.com']),
  host(`${name}/port`, ['port.test:8080']),
];

beforeAll(async () => {
  plane = await ControlPlane.start();
  for (const name of CONFIGURATIONS) ports.set(name, await freePort());
  publish(
    ...[...ports].map(([name, port]) => listener(name, port)),
    routes('over/ads', ads),
    routes('over/own', own),
    routes('portless', ads, { ignore_port_in_host_matching: true }),
    ...CONFIGURATIONS.flatMap(hosts),
  );
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: plane.port }));
});
afterAll(async () => {
  await envoy?.stop();
  await plane?.server.stop();
});

describe.each(['over/ads', 'over/own'] as const)('virtual hosts on demand, %s', (name) => {
  test.each([
    ['a.test', 'exact'],
    ['UPPER.TEST', 'exact'],
    ['api.example.com', 'specific'],
    ['x.y.example.com', 'wild'],
    ['port.test:8080', 'port'],
    ['port.test', 404],
    ['a.test:80', 404],
    ['nowhere.test', 404],
  ])('%s is answered with %s', async (asked, expected) => {
    const wanted = typeof expected === 'string' ? `${name}/${expected}` : expected;
    expect(await answer(name, asked)).toBe(wanted);
    // And again, from what Envoy has now.
    expect(await answer(name, asked)).toBe(wanted);
  });

  test('changes, removals and hosts that come into being reach Envoy', async () => {
    change(
      host(`${name}/wild`, ['*.example.com'], 'changed'),
      host(`${name}/late`, ['nowhere.test'], 'late'),
      host(`${name}/port`, ['other.test']),
    );
    await eventually(async () => expect(await answer(name, 'x.y.example.com')).toBe('changed'));
    await eventually(async () => expect(await answer(name, 'nowhere.test')).toBe('late'));
    await eventually(async () => expect(await answer(name, 'port.test:8080')).toBe(404));
    expect(await answer(name, 'other.test')).toBe(`${name}/port`);
    remove(`${name}/exact`);
    await eventually(async () => expect(await answer(name, 'a.test')).toBe(404));
    // It is told of the virtual host that it got in the place of another.
    change(host(`${name}/port`, ['other.test'], 'once more'));
    await eventually(async () => expect(await answer(name, 'other.test')).toBe('once more'));
  });
});

test('a route configuration that ignores ports is asked with them', async () => {
  expect(await answer('portless', 'a.test:8080')).toBe('portless/exact');
  expect(await answer('portless', 'b.test:8080')).toBe(404);
});

test('after a control plane that was away, what changed meanwhile counts', async () => {
  const { port } = plane;
  await plane.server.stop();
  plane = await ControlPlane.start({}, port);
  remove('over/ads/specific');
  change(host('over/own/wild', ['*.example.com'], 'meanwhile'));
  await eventually(async () => expect(await answer('over/own', 'x.example.com')).toBe('meanwhile'), 20_000);
  await eventually(async () => expect(await answer('over/ads', 'api.example.com')).toBe('changed'), 20_000);
  expect(await answer('over/own', 'api.example.com')).toBe('over/own/specific');
  expect(envoy.process.output).not.toContain('rejected');
});

test.each(['over/ads', 'over/own'] as const)(
  'another source of virtual hosts makes nobody wait, %s',
  async (name) => {
    change(routes(name, name === 'over/ads' ? own : ads));
    await eventually(async () => expect(await answer(name, 'api.example.com')).not.toBe(404));
    expect(await answer(name, 'never.test')).toBe(404);
  },
);
