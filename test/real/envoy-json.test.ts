import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { toJson } from '../../src/protobuf/json.js';
import { Plan } from '../../src/publish/plan.js';
import { accessLogRefusal } from '../../src/resources/listener/access-log-format.js';
import { RouteConfigurations } from '../../src/resources/route/configuration.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { messageName } from '../../src/snapshot/type-url.js';
import { adsBootstrap, Envoy, installEnvoy } from '../peers/envoy.js';
import { freePort, PeerProcess } from '../peers/process.js';
import { Echo, type Echoed } from '../support/echo.js';
import { Signalbox } from '../support/signalbox.js';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const LUA = (code: string) => ({
  name: 'lua',
  typed_config: { '@type': `${HTTP}.lua.v3.Lua`, default_source_code: { inline_string: code } },
});
const header = (key: string, value: string) => ({ header: { key, value } });
/** `{a: {a: …}}` of so many levels: of 31 it is the deepest that is taken over a route. */
const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-envoy-json-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('over what Signalbox makes', () => {
  let echo: Echo;
  let signalbox: Signalbox;
  let envoy: Envoy;
  let port: number;
  let other: number;

  beforeAll(async () => {
    echo = await Echo.start('one');
    port = await freePort();
    other = await freePort();
    const at = [{ host: '127.0.0.1', port: echo.port }];
    const names = ['one', 'full', 'wide'];
    const services = Object.fromEntries(names.map((name) => [name, at]));
    writeFileSync(join(folder, 'services.json'), JSON.stringify({ services }));
    const one = (prefix: string, more: object = {}) => ({ match: { prefix }, service_name: 'one', ...more });
    signalbox = await Signalbox.start({
      discovery: { file: { path: join(folder, 'services.json') } },
      services: {
        '*': {
          envoy: {
            circuitBreakers: { thresholds: [{ maxRequests: 0 }] },
            perConnectionBufferLimitBytes: 4_096,
          },
        },
        one: {
          circuit_breakers: { max_connections: 100 },
          envoy: { circuit_breakers: { thresholds: [{ max_requests: 9 }] } },
        },
        wide: { lb_policy: 'RING_HASH', envoy: { circuit_breakers: null, lb_policy: 'MAGLEV' } },
      },
      listeners: [
        {
          name: 'http',
          address: `127.0.0.1:${port}`,
          envoy: {
            additional_addresses: [
              { address: { socketAddress: { address: '127.0.0.1', portValue: other } } },
            ],
          },
          http_connection_manager: { via: 'signalbox', stream_idle_timeout: '1.5s' },
          http_filters: [
            LUA('function envoy_on_request(handle) handle:headers():add("x-lua", "first") end'),
            LUA('function envoy_on_request(handle) handle:headers():add("x-lua", "second") end'),
          ],
        },
      ],
      virtual_hosts: [
        { hosts: ['*'], envoy: { response_headers_to_add: [header('x-from', 'all'), header('x-all', '1')] } },
        { hosts: ['*.example.com'], envoy: { responseHeadersToAdd: [header('x-near', 'suffix')] } },
        { hosts: ['a.example.com'], envoy: { include_request_attempt_count: true } },
      ],
      routes: [
        one('/'),
        one('/rewritten', {
          rewrite: { host: 'built.test' },
          envoy: {
            route: { host_rewrite_header: 'x-to', timeout: '7s' },
            metadata: { filter_metadata: { a: { b: [1, 'c'] }, deepest: nested(31) } },
          },
        }),
        one('/silent', {
          envoy: {
            typedPerFilterConfig: { lua: { '@type': `${HTTP}.lua.v3.LuaPerRoute`, disabled: true } },
          },
        }),
        { match: { prefix: '/full' }, service_name: 'full' },
        { match: { prefix: '/wide' }, service_name: 'wide' },
      ],
    });
    envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  });
  afterAll(async () => {
    await envoy?.stop();
    await signalbox?.close();
    await echo?.close();
  });

  async function ask(path: string, headers: Record<string, string> = {}, to = port) {
    const answer = await request(`http://127.0.0.1:${to}${path}`, { headers });
    const text = await answer.body.text();
    const echoed = text.startsWith('{') ? (JSON.parse(text) as Echoed) : undefined;
    return { status: answer.statusCode, headers: answer.headers, echoed };
  }

  test('a cluster: all, then one; messages are merged, null takes out', async () => {
    expect((await ask('/')).status).toBe(200);
    expect((await ask('/full')).status).toBe(503);
    expect((await ask('/wide')).status).toBe(200);
    const dump = JSON.stringify((await envoy.configDump()).get('ClustersConfigDump'));
    expect(dump.match(/"per_connection_buffer_limit_bytes":4096/g)).toHaveLength(3);
    expect(dump).toContain('"lb_policy":"MAGLEV"');
    expect(dump).not.toContain('RING_HASH');
  });

  test('a route: one member of a oneof in place of another', async () => {
    const { echoed } = await ask('/rewritten', { 'x-to': 'other.test' });
    expect(echoed?.headers.host).toBe('other.test');
  });

  test('HTTP filters in their order, before the router, and the settings of a route for one', async () => {
    expect((await ask('/')).echoed?.headers['x-lua']).toBe('first, second');
    expect((await ask('/silent')).echoed?.headers['x-lua']).toBeUndefined();
  });

  test('the HTTP connection manager and the listener', async () => {
    expect((await ask('/')).headers.via).toBe('signalbox');
    expect((await ask('/', {}, other)).status).toBe(200);
  });

  test('virtual hosts: what covers a host counts for it, the closest most', async () => {
    const settings = async (host: string) => {
      const { headers, echoed } = await ask('/', { host });
      return [headers['x-all'], headers['x-near'], echoed?.headers['x-envoy-attempt-count']];
    };
    expect(await settings('a.test')).toEqual(['1', undefined, undefined]);
    expect(await settings('b.example.com')).toEqual([undefined, 'suffix', undefined]);
    expect(await settings('a.example.com')).toEqual([undefined, 'suffix', '1']);
  });

  test('Envoy rejected nothing', async () => {
    const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  });
});

/** Whether a real Envoy takes resources. */
async function envoyTakes(resources: readonly Resource[]): Promise<boolean> {
  const path = join(folder, 'envoy.json');
  const json = (type: string) =>
    resources
      .filter(({ typeUrl }) => typeUrl.endsWith(type))
      .map(({ typeUrl, body }) => toJson(messageName(typeUrl), body));
  const [routes] = json('.RouteConfiguration');
  const ads = { ads_config: { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }] } };
  const xds = { name: 'xds', type: 'STATIC', typed_extension_protocol_options: HTTP2 };
  const holder = {
    name: 'holder',
    address: { socket_address: { address: '127.0.0.1', port_value: 1 } },
    filter_chains: [{ filters: [manager(routes)] }],
  };
  const listeners = [...json('.Listener'), ...(routes === undefined ? [] : [holder])];
  const config = {
    node: { id: 'test', cluster: 'test' },
    dynamic_resources: ads,
    static_resources: { listeners, clusters: [xds, ...json('.Cluster')] },
  };
  writeFileSync(path, JSON.stringify(config));
  const envoy = PeerProcess.start('envoy', await installEnvoy(), [
    '--mode',
    'validate',
    '-c',
    path,
    '-l',
    'critical',
  ]);
  await envoy.ended;
  return envoy.exitCode === 0;
}

const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};

function manager(route_config: unknown) {
  const router = { name: 'router', typed_config: { '@type': `${HTTP}.router.v3.Router` } };
  const network = 'type.googleapis.com/envoy.extensions.filters.network';
  return {
    name: 'manager',
    typed_config: {
      '@type': `${network}.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'x',
      route_config,
      http_filters: [router],
    },
  };
}

/** What would be published of a configuration, whether it is valid or not. */
function published(config: object): { readonly problems: number; readonly resources: readonly Resource[] } {
  const { problems, ...loaded } = parseConfig(JSON.stringify(config), 'f.yaml', {});
  if (!('config' in loaded) || loaded.config === undefined)
    return { problems: problems?.length ?? 0, resources: [] };
  const plan = new Plan(loaded.config);
  const clusters = Object.keys(loaded.config.services).map((name) => plan.service(name, undefined).cluster);
  const routes = new RouteConfigurations().build(['x'], plan.rules, plan.virtualHosts);
  return { problems: 0, resources: [...clusters, ...plan.listeners(), ...routes] };
}

const listener = (more: object) => ({ listeners: [{ name: 'a', address: '127.0.0.1:10000', ...more }] });
const cluster = (envoy: object) => ({ services: { a: { envoy } } });
const tlsSocket = (context: object) => ({
  name: 'tls',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    ...context,
  },
});

test.each<[string, object]>([
  [
    'clusters',
    cluster({
      connect_timeout: '0.25s',
      upstream_connection_options: { tcp_keepalive: { keepalive_time: 3 } },
    }),
  ],
  ['a transport socket', cluster({ transport_socket: tlsSocket({ sni: 'a', max_session_keys: 3 }) })],
  [
    'health checks',
    cluster({
      health_checks: [
        {
          timeout: '1s',
          interval: '1s',
          unhealthy_threshold: 1,
          healthy_threshold: 1,
          tcp_health_check: { send: { text: '00ff' } },
        },
      ],
    }),
  ],
  [
    'a load balancing policy',
    cluster({
      load_balancing_policy: {
        policies: [
          {
            typed_extension_config: {
              name: 'x',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
              },
            },
          },
        ],
      },
    }),
  ],
  [
    'a listener',
    listener({ envoy: { tcp_backlog_size: 5, listener_filters_timeout: '1s', freebind: true } }),
  ],
  [
    'a manager',
    listener({
      http_connection_manager: {
        local_reply_config: {
          mappers: [
            {
              filter: {
                status_code_filter: {
                  comparison: { op: 'EQ', value: { default_value: 400, runtime_key: 'x' } },
                },
              },
              status_code: 401,
            },
          ],
        },
      },
    }),
  ],
  [
    'filters',
    listener({
      http_filters: [
        LUA(''),
        { name: 'b', typed_config: { '@type': `${HTTP}.buffer.v3.Buffer`, max_request_bytes: 5 } },
      ],
    }),
  ],
  [
    'sockets of all kinds',
    listener({
      tls_passthrough: [{ sni: ['*.b', 'c'], service_name: 'd' }],
      proxy_protocol: 'optional',
      http2: { initial_stream_window_size: 65_535 },
    }),
  ],
  [
    'a virtual host',
    { virtual_hosts: [{ hosts: ['a.*'], envoy: { rate_limits: [{ actions: [{ remote_address: {} }] }] } }] },
  ],
])('what is taken here Envoy takes: %s', async (_, config) => {
  const { problems, resources } = published(config);
  expect(problems).toBe(0);
  expect(await envoyTakes(resources)).toBe(true);
});

test.each<[string, object]>([
  ['a time of 0', { connect_timeout: '0s' }],
  ['a field that is none', { connect_time: '1s' }],
  ['a value beyond an enum', { lb_policy: 'NONE' }],
  [
    'a health check without its kind',
    { health_checks: [{ timeout: '1s', interval: '1s', unhealthy_threshold: 1, healthy_threshold: 1 }] },
  ],
  ['a share above 100', { common_lb_config: { healthy_panic_threshold: { value: 101 } } }],
  ['a number too large', { per_connection_buffer_limit_bytes: 2 ** 33 }],
  [
    'a type that is none',
    { transport_socket: { name: 'a', typed_config: { '@type': 'type.googleapis.com/a.B' } } },
  ],
  ['a field of an Any that is none', { transport_socket: tlsSocket({ snii: 'a' }) }],
  ['a rule within an Any', { transport_socket: tlsSocket({ sni: 'a'.repeat(300) }) }],
  ['two members of a oneof', { ring_hash_lb_config: {}, maglev_lb_config: {} }],
])('what Envoy refuses is refused here: %s', async (_, envoy) => {
  expect(published(cluster(envoy)).problems).toBeGreaterThan(0);
  const path = join(folder, 'bare.json');
  const bare = { name: 'a', connect_timeout: '1s', type: 'STATIC', ...envoy };
  writeFileSync(path, JSON.stringify({ static_resources: { clusters: [bare] } }));
  const process = PeerProcess.start('envoy', await installEnvoy(), [
    '--mode',
    'validate',
    '-c',
    path,
    '-l',
    'critical',
  ]);
  await process.ended;
  expect(process.exitCode).not.toBe(0);
});

describe('formats of access logs', () => {
  const log = (format: string) => listener({ access_log: { path: '/dev/stdout', format } });

  test('those that are taken here Envoy takes', async () => {
    const format = [
      ...[
        'PROTOCOL',
        'DURATION',
        'GRPC_STATUS(CAMEL_STRING)',
        'REQ(:path?x-a):10',
        'START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)',
      ],
      ...[
        'FILTER_STATE(a:FIELD:x)',
        'DYNAMIC_METADATA(a::b):3',
        'METADATA(LISTENER:a)',
        'QUERY_PARAM(a):3',
        'PATH',
      ],
      ...[
        'UPSTREAM_TLS_CIPHER',
        'DOWNSTREAM_PEER_CERT_V_END',
        'UNIQUE_ID',
        'TRACE_ID',
        'ENVIRONMENT(HOME):3',
      ],
    ];
    const { problems, resources } = published(
      log(`${format.map((command) => `%${command}%`).join(' ')} 100%%`),
    );
    expect(problems).toBe(0);
    expect(await envoyTakes(resources)).toBe(true);
  });

  test.each([
    ...[
      '%',
      'a%b',
      '%protocol%',
      '%NONE%',
      '%PROTOCOL(x)%',
      '%PROTOCOL:5%',
      '%REQ%',
      '%REQ(a b)%',
      '%REQ(a?b?c)%',
    ],
    ...['%START_TIME(%Y):4%', '%GRPC_STATUS(X)%', '%FILTER_STATE(a:NONE)%', '%METADATA(XX:a)%', '%REQ(a):x%'],
  ])('%s is refused by both', async (format) => {
    expect(accessLogRefusal(format)).toEqual(expect.any(String));
    const stdout = {
      name: 'stdout',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
        log_format: { text_format_source: { inline_string: format } },
      },
    };
    const { problems, resources } = published(
      listener({ http_connection_manager: { access_log: [stdout] } }),
    );
    expect(problems).toBe(0);
    expect(await envoyTakes(resources)).toBe(false);
  });
});
