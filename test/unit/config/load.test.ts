import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../src/config/load.js';
import { formatProblem } from '../../../src/config/problem.js';
import type { Environment } from '../../../src/config/variables.js';
import { DEFAULT_LIMITS } from '../../../src/xds/limits.js';

function read(yaml: string, environment: Environment = {}) {
  const loaded = parseConfig(yaml, '/etc/signalbox/signalbox.yaml', environment);
  if (loaded.problems !== undefined) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded;
}
const consul = (options: string, environment: Environment = {}) =>
  read(`discovery: { consul_kv: { servers: ["http://127.0.0.1:8500"], ${options} } }`, environment).config
    .discovery.consul_kv;

test('a small file is filled up with defaults', () => {
  expect(read('auto_routes: true').config).toEqual({
    xds: {
      listen: { host: '127.0.0.1', port: 18000 },
      drain: 2_000,
      keepalive: { time: 30_000, timeout: 10_000 },
      reflection: false,
      workers: 0,
    },
    admin: { listen: { host: '127.0.0.1', port: 18001 } },
    discovery: {},
    startup_grace: 30_000,
    quarantine: true,
    load_reports: { interval: 10_000, endpoints: true, metrics: [] },
    metrics: { per_service: false },
    publish: { delay: 10, max_delay: 1_000 },
    services: {},
    consumers: {},
    listeners: [],
    routes: [],
    virtual_hosts: [],
    routes_from: {},
    auto_routes: true,
    groups: {},
    limits: DEFAULT_LIMITS,
  });
});

test('all that the file can say is read, times as milliseconds, hosts in canonical form', () => {
  const { config, warnings } = read(`
xds: { listen: "[::0]:18000", drain: 500ms, keepalive: { time: 1m }, reflection: true }
admin: { listen: localhost:0 }
discovery:
  east: { type: consul_kv, servers: ["https://[::1]:8501"], timeout: { connect: 2000, read: 3s, wait: 60 }, fetch_interval: 1.5 }
  file: { path: services.yaml, skip_services: ["test-*"], dump: { path: d, expire: 5m } }
startup_grace: 1m
publish: { delay: 0, max_delay: 2s }
default_service: { host: 127.0.0.1, port: 20999 }
services: { "*": { connect_timeout: 1s, lb_policy: ROUND_ROBIN }, "a/b": { connect_timeout: 250ms } }
listeners: [{ name: http, address: "0.0.0.0:10000" }]
routes:
  - { match: { prefix: /a/ }, service_name: A, rewrite: { prefix: / } }
  - { hosts: [API.example.com, "*.example.com"], match: { path: /x }, service_name: b }
`);
  expect(warnings).toEqual([]);
  expect(config).toMatchObject({
    xds: {
      listen: { host: '::', port: 18000 },
      drain: 500,
      keepalive: { time: 60_000, timeout: 10_000 },
      reflection: true,
    },
    admin: { listen: { host: 'localhost', port: 0 } },
    discovery: {
      east: {
        type: 'consul_kv',
        fetch_interval: 1_500,
        timeout: { connect: 2_000, read: 3_000, wait: 60_000 },
      },
      file: { type: 'file', skip_services: ['test-*'], dump: { expire: 300_000 } },
    },
    startup_grace: 60_000,
    publish: { delay: 0, max_delay: 2_000 },
    services: { '*': { connect_timeout: 1_000, lb_policy: 'ROUND_ROBIN' }, 'a/b': { connect_timeout: 250 } },
    listeners: [{ name: 'http', address: { host: '0.0.0.0', port: 10_000 } }],
    routes: [
      { match: { prefix: '/a/' }, service_name: 'A', rewrite: { prefix: '/' } },
      { hosts: ['api.example.com', '*.example.com'], match: { path: '/x' }, service_name: 'b' },
    ],
  });
  expect(Object.keys(config.discovery)).toEqual(['east', 'file']);
});

test('relative paths count from the folder of the file', () => {
  const { config } = read(`
discovery:
  file: { path: services.yaml, dump: { path: ../d }, tls: { ca: ca.pem, cert: /abs/cert.pem, key: ./key.pem, server_name: ca.pem } }
  consul_kv: { servers: ["http://127.0.0.1:8500"], token_file: secrets/token }`);
  expect(config.discovery).toMatchObject({
    file: {
      path: '/etc/signalbox/services.yaml',
      dump: { path: '/etc/d' },
      tls: {
        ca: '/etc/signalbox/ca.pem',
        cert: '/abs/cert.pem',
        key: '/etc/signalbox/key.pem',
        server_name: 'ca.pem',
      },
    },
    consul_kv: { token_file: '/etc/signalbox/secrets/token' },
  });
});

test('older spellings of Consul KV options mean those of today', () => {
  expect(consul('connect_type: long')).toMatchObject({ keepalive: true });
  expect(consul('connect_type: short, delay: 7')).toMatchObject({ keepalive: false, fetch_interval: 7_000 });
  expect(consul('interval: 500ms')).toMatchObject({ fetch_interval: 500 });
  const metadata = { weight: 1, max_fails: 2, fail_timeout: 3 };
  const given = JSON.stringify({ host: 'a', port: 1, metadata });
  expect(consul(`default_server: ${given}`)).toMatchObject({
    default_service: { host: 'a', port: 1, metadata },
  });
});

test('options of APISIX that mean nothing here are a warning, with its place', () => {
  const { config, warnings } = read(
    'discovery:\n  consul_kv:\n    servers: ["http://127.0.0.1:8500"]\n    sort_type: origin\n    shared_size: 10m',
  );
  expect(config.discovery.consul_kv).not.toHaveProperty('sort_type');
  expect(warnings.map(formatProblem)).toEqual([
    '/etc/signalbox/signalbox.yaml:4:5: discovery.consul_kv.sort_type: this option of APISIX is ignored: instances always have a fixed order here',
    '/etc/signalbox/signalbox.yaml:5:5: discovery.consul_kv.shared_size: this option of APISIX is ignored: there is no shared memory to size here',
  ]);
});

test('a route that an equal one hides is a warning; one of another host, path or prefix is not', () => {
  const { warnings } = read(`routes:
  - { match: { prefix: /a }, service_name: a }
  - { match: { prefix: /a }, service_name: b, hosts: [b] }
  - { match: { path: /a }, service_name: c }
  - { match: { prefix: /a/ }, service_name: d }
  - { match: { prefix: /a }, service_name: e, hosts: [B, "*"] }
  - { match: { prefix: /a }, service_name: f, hosts: [b, c] }`);
  expect(warnings.map(formatProblem)).toEqual([
    '/etc/signalbox/signalbox.yaml:2:5: routes[0]: this route never matches: all of its requests go to routes[4], routes[5]',
    '/etc/signalbox/signalbox.yaml:3:5: routes[1]: this route never matches: all of its requests go to routes[4]',
  ]);
});

test('a hash_policy that no load balancer looks at is a warning', () => {
  const { warnings } = read(`services: { "*": { lb_policy: RANDOM }, ring: { lb_policy: RING_HASH } }
routes:
  - { match: { prefix: /a }, service_name: ring, hash_policy: [{ header: x-user }] }
  - { match: { prefix: /b }, service_name: other, hash_policy: [{ header: x-user }] }`);
  expect(warnings.map(formatProblem)).toEqual([
    '/etc/signalbox/signalbox.yaml:4:51: routes[1].hash_policy: "hash_policy" is for RING_HASH and MAGLEV, and "lb_policy" of other is RANDOM',
  ]);
});

test('variables are filled in after parsing: they cannot change the structure', () => {
  const hostile = 'x", weight: 9 }\n  evil: { type: file, path: "';
  expect(consul('token: "${TOKEN}"', { TOKEN: hostile })).toMatchObject({ token: hostile, weight: 1 });
  const plain = read('discovery:\n  file:\n    path: ${P}', { P: '/a # b: [c' });
  expect(plain.config.discovery).toEqual({ file: expect.objectContaining({ path: '/a # b: [c' }) });
});

test('defaults of variables count for what is not set or empty', () => {
  const token = (text: string, environment = {}) => consul(`token: "${text}"`, environment);
  expect(token('${T:-x}')).toMatchObject({ token: 'x' });
  expect(token('${T:-x}', { T: '' })).toMatchObject({ token: 'x' });
  expect(token('${T:-x}', { T: 'y' })).toMatchObject({ token: 'y' });
  expect(token('${T:-}')).toMatchObject({ token: '' });
  expect(token('${T}', { T: '' })).toMatchObject({ token: '' });
  expect(token('a${T:-:-}b${U}c', { U: '$&' })).toMatchObject({ token: 'a:-b$&c' });
  expect(token('$${T} $T {T}')).toMatchObject({ token: '${T} $T {T}' });
});

test('a plain scalar that is one variable takes the type that its text has', () => {
  const yaml = 'auto_routes: ${AUTO}\ndefault_service:\n  host: h${N}\n  port: ${PORT:-20999}';
  expect(read(yaml, { AUTO: 'true', N: '1' }).config).toMatchObject({
    auto_routes: true,
    default_service: { host: 'h1', port: 20_999 },
  });
  expect(parseConfig('auto_routes: "${AUTO}"', 'f', { AUTO: 'true' }).problems?.map(formatProblem)).toEqual([
    'f:1:14: auto_routes: expected true or false, found a text',
  ]);
});

test.each(['12345', '1e5', 'true', 'null', '~', '0x1F'])(
  'a secret of %s in a variable stays a text',
  (token) => {
    const yaml = 'discovery:\n  consul_kv:\n    servers: ["http://a:1"]\n    token: ${T}\n    weight: ${W}';
    expect(read(yaml, { T: token, W: '5' }).config.discovery.consul_kv).toMatchObject({ token, weight: 5 });
  },
);

test('a variable that is not there, or is no variable, is a problem with its place', () => {
  const problems = (yaml: string) => parseConfig(yaml, 'f', {}).problems?.map(formatProblem);
  expect(problems('default_service:\n  host: a${A}${B}\n  port: 1')).toEqual([
    'f:2:9: default_service.host: the environment variable A is not set, and there is no default: ${A:-default}',
    'f:2:9: default_service.host: the environment variable B is not set, and there is no default: ${B:-default}',
  ]);
  for (const wrong of ['${}', '${1A}', '${A:?b}', '${A', '${A:-${B}}']) {
    expect(problems(`xds: { listen: "${wrong}" }`), wrong).toEqual([
      'f:1:16: xds.listen: a reference to a variable is ${VAR} or ${VAR:-default}; $${ stands for ${ itself',
    ]);
  }
  expect(problems('xds: { listen: ${A} }')?.[0]).toBe(
    'f:1:17: not valid YAML: Unexpected flow-map-start at node end; inside { } and [ ] a variable needs quotes: "${VAR}"',
  );
});

test('anchors stand for what they name', () => {
  const { config } = read('services:\n  a: &policy { connect_timeout: 2 }\n  b: *policy');
  expect(config.services).toEqual({ a: { connect_timeout: 2_000 }, b: { connect_timeout: 2_000 } });
});

test('a file is read from the disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  try {
    const file = join(folder, 'c.yaml');
    writeFileSync(file, '\uFEFFdiscovery: { local: { type: file, path: "${NAME}.yaml" } }\r\n');
    const { config } = await loadConfig(file, { NAME: 'services' });
    expect(config?.discovery.local).toMatchObject({ path: join(folder, 'services.yaml') });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
