import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ReleaseView } from '../../../src/admin/release.js';
import { type AdminOptions, type AdminSubject, adminRoutes } from '../../../src/admin/routes.js';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import type { ServiceView } from '../../../src/catalogue/service-view.js';
import { failing, waiting } from '../../../src/catalogue/source-status.js';
import { statusText } from '../../../src/cli/views/status.js';
import { Secret } from '../../../src/config/secret.js';
import { consulKvOptions } from '../../../src/discovery/consul-kv/options.js';
import { createConsulKvSources } from '../../../src/discovery/consul-kv/source.js';
import { SignalboxError } from '../../../src/errors.js';
import { Plan } from '../../../src/publish/plan.js';
import { RouteConfigurations } from '../../../src/resources/route/configuration.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { LoadBook } from '../../../src/telemetry/load/load-book.js';
import { configOf } from '../../support/configuration.js';
import { instanceAt, stateOf } from '../../support/instances.js';
import { NOTHING_HELD } from '../../support/release-status.js';

const place = { registry: 'kv', server: 'http://127.0.0.1:8500' };
const WEB: ServiceView = {
  name: 'web',
  registries: ['kv'],
  instances: [{ ...instanceAt('[::1]:80', { metadata: { version: 'v1' }, remarks: ['odd'] }), ...place }],
  filtered: [{ address: 'b:1', reason: 'status', detail: 'status is "down"', ...place }],
};
const ALIAS = 'http://127.0.0.1:8500/v1/kv/upstreams/web/';
const views: Readonly<Record<string, ServiceView>> = {
  web: WEB,
  'a/b c?#ü': { ...WEB, name: 'a/b c?#ü' },
  [ALIAS]: { ...WEB, name: ALIAS },
  empty: { ...WEB, name: 'empty', instances: [] },
};

const options: AdminOptions = {
  logger: pino({ level: 'silent' }),
  token: () => undefined,
  page: new URL('file:///nowhere/'),
};

let subject: AdminSubject;
beforeEach(() => {
  const plan = new Plan(configOf({ default_service: { host: '127.0.0.1', port: 9 } }));
  subject = {
    unready: () => undefined,
    secrets: () => [],
    serviceNames: () => ['wanted', ...Object.keys(views)],
    service: (name) => (Object.hasOwn(views, name) ? views[name] : undefined),
    served: (view) => plan.served(view),
    remarks: () => [],
    routed: () => false,
    skippedBy: () => [],
    failures: () => new Map(),
    heldOf: () => [],
    watch: () => undefined,
    latency: () => [],
    sources: () => [],
    release: () => undefined,
    rollback: () => false,
    unpin: () => false,
    releaseStatus: () => NOTHING_HELD,
    routes: () => [],
    policyDocuments: () => [],
    consumerDocuments: () => [],
    proxies: async () => [],
    proxyStatuses: async (resources) => resources.map(() => []),
    history: () => [],
    snapshot: () => Snapshot.EMPTY,
    load: new LoadBook({ knows: () => true, addresses: () => undefined }, []),
    metrics: { contentType: 'text/plain', text: async () => 'a 1\n' },
  };
});

interface Body {
  readonly services?: readonly { readonly name: string }[];
  readonly registries?: readonly unknown[];
  readonly configs?: readonly unknown[];
}

async function get(path: string, more: Partial<AdminSubject> = {}) {
  const response = await adminRoutes({ ...subject, ...more }, options).request(path);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return { status: response.status, body: (await response.json()) as Body };
}

test('what is served from the file of a life before is told', async () => {
  const restored = { file: '/s', written: '2026-01-01T00:00:00.000Z', waiting_for: ['kv'] };
  expect(await get('/readyz', { restored: () => restored })).toEqual({
    status: 200,
    body: { status: 'ready', restored },
  });
  const { body } = await get('/release', { restored: () => restored });
  expect(body).toMatchObject({ restored, pinned: null });
  expect(statusText(body as unknown as ReleaseView)).toContain('from /s, until these registries answer: kv.');
  expect((await get('/release')).body).toMatchObject({ restored: null });
  const guarded = adminRoutes(
    { ...subject, restored: () => restored },
    { ...options, token: () => Secret.of('s3cret') },
  );
  expect(await (await guarded.request('/readyz')).json()).toEqual({ status: 'ready' });
});

test('healthy is who answers, ready who has published', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  expect(await get('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
  const unready = () => ({ reason: 'waiting for kv', summary: 'waiting for 1 of 2' });
  expect(await get('/readyz', { unready })).toEqual({
    status: 503,
    body: { status: 'not ready', reason: 'waiting for kv' },
  });
});

describe('services', () => {
  test('all that a registry or a route names, sorted, with what they are served from', async () => {
    const { body } = await get('/services');
    expect(body.services?.map(({ name }) => name)).toEqual(['a/b c?#ü', 'empty', ALIAS, 'wanted', 'web']);
    expect(body.services).toContainEqual({
      name: 'web',
      registries: ['kv'],
      instances: 1,
      filtered: 1,
      failing: 0,
      served_from: 'instances',
      degraded: 0,
      draining: 0,
      weight: { min: 1, max: 1 },
    });
    expect(body.services).toContainEqual({
      name: 'wanted',
      registries: [],
      instances: 0,
      filtered: 0,
      failing: 0,
      served_from: 'default_service',
      degraded: 0,
      draining: 0,
      weight: null,
    });
  });

  test('one, with each instance served and each one filtered and why', async () => {
    expect(await get('/services/web')).toEqual({
      status: 200,
      body: {
        name: 'web',
        registries: ['kv'],
        served_from: 'instances',
        degraded: 0,
        draining: 0,
        weight: { min: 1, max: 1 },
        instances: [
          { address: '[::1]:80', ...place, weight: 1, metadata: { version: 'v1' }, remarks: ['odd'] },
        ],
        filtered: [{ address: 'b:1', ...place, reason: 'status', detail: 'status is "down"' }],
        failing: [],
      },
    });
  });

  test('one whose query fails, where and since when; also one that has never been read', async () => {
    const failure = { ...place, code: 'registry_timeout', message: 'late', since: 1_000 } as const;
    const failures = () =>
      new Map([
        ['web', [{ ...failure, key: { service: 'web' } }]],
        ['never', [{ ...failure, key: { service: 'never' } }]],
      ]);
    const serviceNames = () => ['web', 'never'];
    const failing = [
      { ...place, code: 'registry_timeout', message: 'late', since: '1970-01-01T00:00:01.000Z' },
    ];
    const more = { failures, serviceNames };
    expect((await get('/services/web', more)).body).toMatchObject({ served_from: 'instances', failing });
    expect((await get('/services/never', more)).body).toMatchObject({ registries: ['kv'], failing });
    expect((await get('/services', more)).body.services).toMatchObject([
      { name: 'never', registries: ['kv'], failing: 1, served_from: 'default_service' },
      { name: 'web', registries: ['kv'], failing: 1 },
    ]);
    expect((await get('/explain?q=never', more)).body).toMatchObject({
      services: [{ name: 'never', failing, remarks: [] }],
    });
  });

  test.each(['wanted', 'empty'])('%s answers from the default, which is shown', async (name) => {
    const { status, body } = await get(`/services/${name}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name,
      served_from: 'default_service',
      default_service: ['127.0.0.1:9'],
      instances: [],
    });
  });

  test('without a default it answers from nothing', async () => {
    const { body } = await get('/services/empty', { served: (view) => view?.instances ?? [] });
    expect(body).toMatchObject({ served_from: 'nothing' });
    expect(body).not.toHaveProperty('default_service');
  });

  test.each(Object.keys(views))('the name may have any characters: %s', async (name) => {
    expect((await get(`/services/${encodeURIComponent(name)}`)).body).toMatchObject({ name });
  });

  test('a name with slashes need not be encoded', async () => {
    const service = (name: string) => ({ ...WEB, name });
    expect((await get('/services/east/web', { service })).body).toMatchObject({ name: 'east/web' });
  });

  test.each(['nobody', '__proto__', 'web/'])('%s is not there', async (name) => {
    expect(await get(`/services/${name}`)).toEqual({
      status: 404,
      body: { error: `no registry and no route knows a service "${name}"` },
    });
  });
});

test('registries with their state, times as text, nulls for what is not yet', async () => {
  const error = new SignalboxError('registry_timeout', 'no answer');
  const synced = {
    ...waiting('b', 's2'),
    state: 'synced',
    lastSuccess: 1_000,
    revision: '7',
    services: 2,
  } as const;
  const { body } = await get('/registries', {
    sources: () => [waiting('a', 's1'), failing(synced, error, 2_000)],
  });
  const counts = { services: 0, instances: 0, filtered: 0 };
  expect(body.registries).toEqual([
    {
      registry: 'a',
      server: 's1',
      state: 'waiting',
      ...counts,
      revision: null,
      last_success: null,
      held: null,
      failing_services: null,
      last_error: null,
    },
    {
      registry: 'b',
      server: 's2',
      state: 'failing',
      ...counts,
      services: 2,
      revision: '7',
      last_success: '1970-01-01T00:00:01.000Z',
      held: null,
      failing_services: null,
      last_error: { at: '1970-01-01T00:00:02.000Z', code: 'registry_timeout', message: 'no answer' },
    },
  ]);
});

test('a registry tells how many of its services fail, and of the first why', async () => {
  const key = { service: 'web', group: 'g' };
  const first = [{ key, code: 'registry_bad_answer', message: 'status 500', since: 1_000 }] as const;
  const sources = () => [{ ...waiting('a', 's1'), failingServices: { count: 12, first, failures: 30 } }];
  const since = '1970-01-01T00:00:01.000Z';
  expect((await get('/registries', { sources })).body.registries).toMatchObject([
    {
      failing_services: {
        count: 12,
        first: [{ service: 'web', group: 'g', code: 'registry_bad_answer', message: 'status 500', since }],
      },
    },
  ]);
});

test('user, password and token of a registry are shown nowhere', async () => {
  const logger = pino({ enabled: false });
  const options = consulKvOptions.parse({
    type: 'consul_kv',
    servers: ['http://somebody:hidden-1@127.0.0.1:8500'],
    token: 'hidden-2',
  });
  const catalogue = new Catalogue({ logger });
  const rules = { serviceTemplate: '{server}/{service}', skipped: () => false };
  const entries = createConsulKvSources('kv', options, { logger }).map((source) => ({ source, rules }));
  for (const sink of catalogue.setSources(entries).values()) {
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.synced();
  }
  const more = {
    sources: () => catalogue.sources(),
    serviceNames: () => catalogue.names(),
    service: (name: string) => catalogue.service(name),
  };
  const [name = ''] = catalogue.names();
  const paths = ['/registries', '/services', `/services/${encodeURIComponent(name)}`];
  const shown = JSON.stringify(await Promise.all(paths.map((path) => get(path, more))));
  expect(shown).toContain('http://127.0.0.1:8500/web');
  expect(shown).not.toMatch(/somebody|hidden/);
});

describe('config_dump', () => {
  test("the resources in the shape of Envoy's own", async () => {
    const plan = new Plan(
      configOf({
        listeners: [{ name: 'http', address: '0.0.0.0:10000' }],
        routes: [{ match: { prefix: '/' }, service_name: 'web' }],
      }),
    );
    const { cluster, endpoints } = plan.service('web', WEB);
    if (endpoints === undefined) throw new Error('no endpoints');
    const routes = new RouteConfigurations().build(['http'], plan.rules);
    const other = plan.service('api', undefined).cluster;
    const snapshot = Snapshot.of([cluster, other, endpoints, ...plan.listeners(), ...routes]);
    const { body } = await get('/config_dump', { snapshot: () => snapshot });
    const version = (typeUrl: string, name: string) => snapshot.set(typeUrl).get(name)?.version;
    const admin = 'type.googleapis.com/envoy.admin.v3';
    const clusterEntry = (name: string) => ({
      version_info: version(TYPE_URL.cluster, name),
      cluster: expect.objectContaining({
        '@type': TYPE_URL.cluster,
        name,
        type: 'EDS',
        connect_timeout: '5s',
      }),
    });
    expect(body.configs).toEqual([
      {
        '@type': `${admin}.ClustersConfigDump`,
        version_info: snapshot.set(TYPE_URL.cluster).version,
        dynamic_active_clusters: [clusterEntry('api'), clusterEntry('web')],
      },
      {
        '@type': `${admin}.ListenersConfigDump`,
        version_info: snapshot.set(TYPE_URL.listener).version,
        dynamic_listeners: [
          {
            name: 'http',
            active_state: {
              version_info: version(TYPE_URL.listener, 'http'),
              listener: expect.objectContaining({ '@type': TYPE_URL.listener, name: 'http' }),
            },
          },
        ],
      },
      {
        '@type': `${admin}.RoutesConfigDump`,
        dynamic_route_configs: [
          {
            version_info: version(TYPE_URL.route, 'http'),
            route_config: {
              '@type': TYPE_URL.route,
              name: 'http',
              ignore_port_in_host_matching: true,
              virtual_hosts: [
                {
                  name: '*',
                  domains: ['*'],
                  routes: [{ match: { prefix: '/' }, route: { cluster: 'web' } }],
                },
              ],
            },
          },
        ],
      },
      {
        '@type': `${admin}.EndpointsConfigDump`,
        dynamic_endpoint_configs: [
          {
            version_info: version(TYPE_URL.endpoints, 'web'),
            endpoint_config: {
              '@type': TYPE_URL.endpoints,
              cluster_name: 'web',
              endpoints: [
                {
                  locality: {},
                  load_balancing_weight: 1,
                  lb_endpoints: [
                    {
                      endpoint: { address: { socket_address: { address: '::1', port_value: 80 } } },
                      load_balancing_weight: 1,
                    },
                  ],
                },
              ],
            },
          },
        ],
      },
      { '@type': `${admin}.SecretsConfigDump`, dynamic_active_secrets: [] },
    ]);
  });

  test('of nothing is empty', async () => {
    const { body } = await get('/config_dump');
    expect(body.configs).toHaveLength(5);
    expect(body.configs?.[0]).toMatchObject({ dynamic_active_clusters: [] });
  });
});

test('no stream is no proxy', async () => {
  expect((await get('/proxies')).body).toEqual({ proxies: [] });
});

test('what there is not is a 404 with the path, and nothing can be written', async () => {
  expect(await get('/nothing')).toEqual({ status: 404, body: { error: 'there is no /nothing' } });
  const app = adminRoutes(subject, options);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
    expect((await app.request('/services/web', { method })).status).toBe(404);
});

test('a defect is told without what it says', async () => {
  const snapshot = () => {
    throw new Error('the token is hidden');
  };
  expect(await get('/config_dump', { snapshot })).toEqual({ status: 500, body: { error: 'internal error' } });
});

test('a worker that does not answer is told: without it the answer would not be true', async () => {
  const message = 'worker 2 does not answer within 2000 ms';
  const proxies = () => Promise.reject(new SignalboxError('worker_silent', message));
  expect(await get('/proxies', { proxies })).toEqual({ status: 503, body: { error: message } });
});

test('/routes: where each came from, whether it is in force, and why not', async () => {
  const rules = [{ match: { prefix: '/' }, service_name: 'web' }];
  const { body } = await get('/routes', {
    routes: () => [
      { id: 'routes[0]', source: 'file', rules },
      { id: '/s/routes/a', source: 'routes_from.etcd', rules, rejected: 'no "match"' },
      { id: '/s/routes/b', source: 'routes_from.etcd', rules: [], disabled: true },
    ],
    policyDocuments: () => [
      { id: '/s/services/a', source: 'routes_from.etcd', service: 'a', rejected: 'bad' },
    ],
    consumerDocuments: () => [
      { id: '/s/consumers/a', source: 'routes_from.etcd', consumer: { name: 'a', api_keys: ['k-1', 'k-2'] } },
      { id: '/s/consumers/b', source: 'routes_from.etcd', rejected: 'no name' },
    ],
  });
  expect(body).toEqual({
    routes: [
      { id: 'routes[0]', source: 'file', state: 'in_force', rules },
      { id: '/s/routes/a', source: 'routes_from.etcd', state: 'rejected', reason: 'no "match"', rules },
      { id: '/s/routes/b', source: 'routes_from.etcd', state: 'disabled', rules: [] },
    ],
    policies: [
      {
        id: '/s/services/a',
        source: 'routes_from.etcd',
        service: 'a',
        state: 'rejected',
        reason: 'bad',
        policy: null,
      },
    ],
    consumers: [
      {
        id: '/s/consumers/a',
        source: 'routes_from.etcd',
        name: 'a',
        state: 'in_force',
        proofs: { api_keys: 2, logins: 0, tokens: 0 },
      },
      {
        id: '/s/consumers/b',
        source: 'routes_from.etcd',
        name: null,
        state: 'rejected',
        reason: 'no name',
        proofs: { api_keys: 0, logins: 0, tokens: 0 },
      },
    ],
  });
});

test('metrics are text', async () => {
  const response = await adminRoutes(subject, options).request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain');
  expect(await response.text()).toBe('a 1\n');
});

test('the load of services: one that nobody reports is not there', async () => {
  expect(await get('/load')).toEqual({ status: 200, body: { services: [] } });
  expect(await get('/load?sort=name')).toMatchObject({
    status: 400,
    body: { error: 'sort: expected errors, requests or latency' },
  });
  expect(await get('/load/a/b')).toMatchObject({ status: 404 });
});
