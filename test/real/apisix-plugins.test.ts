import { readFileSync } from 'node:fs';
import { createServer as createTlsServer, type Server } from 'node:https';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { Certificates } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Echo, type Echoed } from '../support/echo.js';
import { Signalbox } from '../support/signalbox.js';

const NAMES = ['one', 'two', 'copies'] as const;

let etcd: Etcd;
let signalbox: Signalbox;
let envoy: Envoy;
let port: number;
let certificates: Certificates;
let secure: Server;
let echoes: ReadonlyMap<string, Echo>;
const agent = new Agent({ connections: 4 });

const echo = (name: (typeof NAMES)[number]): Echo => {
  const found = echoes.get(name);
  if (found === undefined) throw new Error(`no echo ${name}`);
  return found;
};
const at = (name: (typeof NAMES)[number]) => `127.0.0.1:${echo(name).port}`;
const nodes = (...names: (typeof NAMES)[number][]) => ({
  type: 'roundrobin',
  nodes: Object.fromEntries(names.map((name) => [at(name), 1])),
});

/** By path: each plugin as APISIX's users write it. */
const routes = (): Readonly<Record<string, object>> => ({
  plain: {},
  vars: {
    vars: [
      ['http_x_a', '==', 'b'],
      ['arg_c', '~~', '^d'],
      ['cookie_e', 'in', ['f', 'g.']],
    ],
  },
  rewrite: {
    plugins: {
      'proxy-rewrite': {
        uri: '/new$uri',
        method: 'PUT',
        host: 'in.side',
        headers: { set: { a: '1%', b: '$http_x_b' }, remove: ['x-c'] },
      },
    },
  },
  redirect: { plugins: { redirect: { uri: '/to$uri', ret_code: 301, append_query_string: true } } },
  answered: {
    plugins: {
      'response-rewrite': {
        status_code: 203,
        body: 'it\'s "new"\n%\\',
        headers: { 'x-secret': '', 'x-more': '$status' },
      },
    },
  },
  cors: { plugins: { cors: { allow_origins: 'https://a.test,https://b.test', allow_headers: 'x-a' } } },
  counted: {
    plugins: { 'limit-count': { count: 2, time_window: 3600, key: 'http_x_key', rejected_code: 429 } },
  },
  everybody: {
    plugins: { 'limit-count': { count: 3, time_window: 3600, key_type: 'constant', key: 'all' } },
  },
  slowed: { plugins: { 'limit-req': { rate: 0.01, burst: 2, key: 'remote_addr', nodelay: true } } },
  allowed: { plugins: { 'ip-restriction': { whitelist: ['127.0.0.0/8'] } } },
  denied: { plugins: { 'ip-restriction': { blacklist: ['127.0.0.1'] } } },
  mirrored: { plugins: { 'proxy-mirror': { host: `http://${at('copies')}` } } },
  split: {
    plugins: {
      'traffic-split': {
        rules: [
          {
            match: [{ vars: [['http_v', '==', '2']] }, { vars: [['arg_v', '==', '2']] }],
            weighted_upstreams: [{ upstream: { ...nodes('two'), pass_host: 'node' } }],
          },
          {
            match: [{ vars: [['http_v', '==', 'half']] }],
            weighted_upstreams: [{ upstream_id: 'two', weight: 1 }, { weight: 1 }],
          },
        ],
      },
    },
  },
  abort: {
    plugins: {
      'fault-injection': {
        abort: {
          http_status: 418,
          body: 'teapot',
          headers: { 'x-why': 'test' },
          vars: [[['http_x_fail', '==', '1']]],
        },
      },
    },
  },
  delayed: { plugins: { 'fault-injection': { delay: { duration: 0.3 } } } },
  share: { plugins: { 'fault-injection': { abort: { http_status: 503, percentage: 50 } } } },
  id: { plugins: { 'request-id': { header_name: 'X-Id' } } },
  web: { plugins: { 'grpc-web': {} } },
  off: {
    plugins: { 'limit-count': { _meta: { disable: true }, count: 1, time_window: 60 }, prometheus: {} },
  },
  configured: { plugin_config_id: 'pc' },
  sticky: { upstream: { ...nodes('one', 'two'), type: 'chash', key: 'arg_user' } },
  checked: {
    upstream: {
      ...nodes('one', 'two'),
      retries: 0,
      checks: {
        active: {
          http_path: '/checked',
          healthy: { interval: 1, successes: 1 },
          unhealthy: { interval: 1, http_failures: 1 },
        },
      },
    },
  },
  tls: {
    upstream: {
      nodes: { [`127.0.0.1:${portOfTls()}`]: 1 },
      scheme: 'https',
      pass_host: 'rewrite',
      upstream_host: 'in.side',
    },
  },
});

function portOfTls(): number {
  const address = secure.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

beforeAll(async () => {
  echoes = new Map(await Promise.all(NAMES.map(async (name) => [name, await Echo.start(name)] as const)));
  certificates = await Certificates.make(['in.side']);
  const { cert, key } = certificates.server;
  secure = createTlsServer(
    { cert: readFileSync(cert), key: readFileSync(key) },
    ({ headers, socket }, response) => {
      const servername: unknown = Reflect.get(socket, 'servername');
      response.end(JSON.stringify({ service: 'secure', method: '', path: String(servername), headers }));
    },
  );
  await new Promise<void>((done) => secure.listen(0, '127.0.0.1', done));
  etcd = await Etcd.start();
  await etcd.client.putAll([
    ['/apisix/upstreams/two', nodes('two')],
    [
      '/apisix/plugin_configs/pc',
      { plugins: { 'proxy-rewrite': { headers: { set: { 'x-from': 'config' } } } } },
    ],
    ['/apisix/global_rules/1', { plugins: { prometheus: {} } }],
    ...Object.entries(routes()).map(
      ([name, more]) =>
        [
          `/apisix/routes/${name}`,
          { uris: [`/${name}`, `/${name}/*`], upstream: nodes('one'), ...more },
        ] as const,
    ),
  ]);
  port = await freePort();
  signalbox = await Signalbox.start({
    routes_from: { apisix: { endpoints: [`http://127.0.0.1:${etcd.port}`] } },
    listeners: [
      { name: 'http', address: `127.0.0.1:${port}`, http_connection_manager: { stream_idle_timeout: '30s' } },
    ],
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  await eventually(async () => expect((await ask('/plain')).status).toBe(200));
});

beforeEach(() => {
  for (const each of echoes.values()) each.seen.length = 0;
});

afterAll(async () => {
  await agent.destroy();
  await envoy?.stop();
  await signalbox?.close();
  await etcd?.close();
  await Promise.all([...(echoes ?? new Map<string, Echo>()).values()].map((each) => each.close()));
  secure?.close();
  certificates?.remove();
});

type Method = 'GET' | 'POST' | 'OPTIONS';

async function ask(path: string, headers: Readonly<Record<string, string>> = {}, method: Method = 'GET') {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { dispatcher: agent, method, headers });
  const text = await answer.body.text();
  const seen: Echoed | undefined = text.startsWith('{') ? JSON.parse(text) : undefined;
  return { status: answer.statusCode, headers: answer.headers, text, seen };
}

async function statuses(path: string, count: number, headers: Readonly<Record<string, string>> = {}) {
  const all: number[] = [];
  for (let n = 0; n < count; n += 1) all.push((await ask(path, headers)).status);
  return all;
}

test('every document is in force', async () => {
  const shown = await signalbox.get<{ routes: { id: string; state: string; reason?: string }[] }>('/routes');
  expect(shown.routes.filter(({ state }) => state !== 'in_force')).toEqual([]);
  expect(shown.routes).toHaveLength(Object.keys(routes()).length);
});

test('vars: a header, a parameter by a pattern, a cookie out of a list', async () => {
  const fit = { 'x-a': 'b', cookie: 'x=y; e=g.; z=1' };
  expect((await ask('/vars?c=def', fit)).status).toBe(200);
  expect((await ask('/vars?c=xd', fit)).status).toBe(404);
  expect((await ask('/vars?c=def', { ...fit, 'x-a': 'c' })).status).toBe(404);
  expect((await ask('/vars?c=def', { ...fit, cookie: 'e=gx' })).status).toBe(404);
});

test('proxy-rewrite: path, method, host and headers with variables', async () => {
  const { seen } = await ask('/rewrite/x?y=1', { 'x-b': 'sent', 'x-c': 'gone' });
  expect(seen).toMatchObject({ method: 'PUT', path: '/new/rewrite/x?y=1' });
  expect(seen?.headers).toMatchObject({ host: 'in.side', a: '1%', b: 'sent' });
  expect(seen?.headers).not.toHaveProperty('x-c');
});

test('redirect by a variable, and response-rewrite', async () => {
  expect(await ask('/redirect/x?y=1')).toMatchObject({
    status: 301,
    headers: { location: `http://127.0.0.1:${port}/to/redirect/x?y=1` },
  });
  const answer = await ask('/answered');
  expect(answer).toMatchObject({ status: 203, text: 'it\'s "new"\n%\\', headers: { 'x-more': '203' } });
  expect(answer.headers).not.toHaveProperty('x-secret');
});

test('cors', async () => {
  const preflight = { origin: 'https://b.test', 'access-control-request-method': 'GET' };
  expect(await ask('/cors', preflight, 'OPTIONS')).toMatchObject({
    status: 200,
    headers: {
      'access-control-allow-origin': 'https://b.test',
      'access-control-allow-headers': 'x-a',
      'access-control-max-age': '5',
    },
  });
  expect((await ask('/cors', { origin: 'https://c.test' })).headers).not.toHaveProperty(
    'access-control-allow-origin',
  );
});

test('limit-count: each value of a header by itself, else the address; and all together', async () => {
  expect(await statuses('/counted', 3, { 'x-key': 'a' })).toEqual([200, 200, 429]);
  expect(await statuses('/counted', 3, { 'x-key': 'b' })).toEqual([200, 200, 429]);
  expect(await statuses('/counted', 3)).toEqual([200, 200, 429]);
  expect((await ask('/counted', { 'x-key': 'c' })).headers).toMatchObject({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
  });
  expect(await statuses('/everybody', 4)).toEqual([200, 200, 200, 503]);
});

test('limit-req: the burst at once, then no more', async () => {
  expect(await statuses('/slowed', 5)).toEqual([200, 200, 200, 503, 503]);
});

test('ip-restriction, by the address that the connection comes from', async () => {
  expect((await ask('/allowed')).status).toBe(200);
  expect((await ask('/allowed', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(200);
  expect((await ask('/denied')).status).toBe(403);
  expect((await ask('/denied', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
});

test('proxy-mirror: the copy goes to a place of its own', async () => {
  expect((await ask('/mirrored/x')).seen).toMatchObject({ service: 'one' });
  await eventually(async () => expect(echo('copies').seen).toMatchObject([{ path: '/mirrored/x' }]));
});

test('traffic-split: by vars, by shares, the rest to the upstream of the route', async () => {
  expect((await ask('/split', { v: '2' })).seen).toMatchObject({
    service: 'two',
    headers: { host: at('two') },
  });
  expect((await ask('/split?v=2')).seen).toMatchObject({ service: 'two' });
  expect((await ask('/split')).seen).toMatchObject({ service: 'one' });
  const services = new Set<string | undefined>();
  for (let n = 0; n < 30; n += 1) services.add((await ask('/split', { v: 'half' })).seen?.service);
  expect([...services].sort()).toEqual(['one', 'two']);
});

test('fault-injection: an answer by vars, a delay, a share', async () => {
  expect(await ask('/abort', { 'x-fail': '1' })).toMatchObject({
    status: 418,
    text: 'teapot',
    headers: { 'x-why': 'test' },
  });
  expect((await ask('/abort')).status).toBe(200);
  const before = Date.now();
  expect((await ask('/delayed')).status).toBe(200);
  expect(Date.now() - before).toBeGreaterThanOrEqual(290);
  expect(new Set(await statuses('/share', 40))).toEqual(new Set([200, 503]));
});

test('request-id under a name of its own', async () => {
  const { headers, seen } = await ask('/id');
  expect(seen?.headers['x-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers['x-id']).toBe(seen?.headers['x-id']);
  expect((await ask('/id', { 'x-id': 'own' })).seen?.headers['x-id']).toBe('own');
});

test('grpc-web goes on as gRPC, on its route only', async () => {
  const web = { 'content-type': 'application/grpc-web+proto' };
  expect((await ask('/web/S/M', web, 'POST').catch(() => undefined))?.status).toBeDefined();
  await ask('/plain', web, 'POST');
  const types = echo('one').seen.map(({ path, headers }) => [path, headers['content-type']]);
  expect(types).toEqual([
    ['/web/S/M', 'application/grpc'],
    ['/plain', 'application/grpc-web+proto'],
  ]);
});

test('what is switched off is off, and a plugin config counts', async () => {
  expect(await statuses('/off', 3)).toEqual([200, 200, 200]);
  expect((await ask('/configured')).seen?.headers).toMatchObject({ 'x-from': 'config' });
});

test('chash keeps a user on one node', async () => {
  for (const user of ['a', 'b', 'c', 'd']) {
    const first = (await ask(`/sticky?user=${user}`)).seen?.service;
    for (let n = 0; n < 5; n += 1) expect((await ask(`/sticky?user=${user}`)).seen?.service).toBe(first);
  }
});

test('checks take a node out that fails', async () => {
  echo('two').failure = { status: 500 };
  echo('two').failures = 1_000_000;
  await eventually(
    async () => expect(new Set(await statuses('/checked/x', 10))).toEqual(new Set([200])),
    15_000,
  );
  echo('two').failures = 0;
});

test('https: TLS to the node, which is told the name of the host', async () => {
  expect((await ask('/tls')).seen).toMatchObject({ service: 'secure', path: 'in.side' });
});

test('signalbox import tells the same of the etcd', async () => {
  let stdout = '';
  const write = (text: string) => (stdout += text);
  const from = ['--from', `http://127.0.0.1:${etcd.port}`, '--json'];
  expect(await runCommandLine(['import', 'apisix', ...from], { stdout: { write }, stderr: { write } })).toBe(
    0,
  );
  expect(JSON.parse(stdout)).toMatchObject({ carried: Object.keys(routes()).length, rejected: 0 });
});

test('Envoy rejected nothing', async () => {
  const rejected = [...(await envoy.stats())].filter(
    ([name, value]) => name.endsWith('update_rejected') && value !== 0,
  );
  expect(rejected).toEqual([]);
});
