import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLAIN_COMMANDS } from '../../src/resources/route/header-format.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Echo, type Echoed } from '../support/echo.js';
import { Signalbox } from '../support/signalbox.js';

const NAMES = ['one', 'two', 'slow', 'shadow'] as const;
const COMMANDS = [
  ...PLAIN_COMMANDS,
  ...['REQ(x-a?:path)', 'RESP(x-b)', 'TRAILER(x-c)', 'START_TIME(%s)', 'DYNAMIC_METADATA(a:b)'],
  ...['CLUSTER_METADATA(a:b)', 'UPSTREAM_METADATA(a:b)', 'FILTER_STATE(a:PLAIN)', 'ENVIRONMENT(HOME)'],
].filter((command) => !command.includes('(%'));

const one = (match: object, more: object = {}) => ({ match, service_name: 'one', ...more });
const two = (match: object, more: object = {}) => ({ match, service_name: 'two', ...more });

const ROUTES = [
  one({ prefix: '/segment' }),
  one({ path: '/exact' }),
  one({ regex: '/regex/[0-9]+' }),
  one({ template: '/template/{id}/x' }),
  one({ prefix: '/longest' }),
  two({ prefix: '/longest/er/' }),
  two({ path: '/longest/er/exact', methods: ['POST'] }),

  one({ prefix: '/method' }),
  two({ prefix: '/method', methods: ['put', 'DELETE'] }),

  one({ prefix: '/header' }),
  two({ prefix: '/header/exact', headers: { 'X-Env': 'canary' } }),
  two({ prefix: '/header/prefix', headers: { 'x-env': { prefix: 'can' } } }),
  two({ prefix: '/header/suffix', headers: { 'x-env': { suffix: 'ary' } } }),
  two({ prefix: '/header/contains', headers: { 'x-env': { contains: 'nar' } } }),
  two({ prefix: '/header/regex', headers: { 'x-env': { regex: 'c.*y' } } }),
  two({ prefix: '/header/present', headers: { 'x-env': { present: true } } }),
  two({ prefix: '/header/absent', headers: { 'x-env': { present: false } } }),
  two({ prefix: '/header/not', headers: { 'x-env': { exact: 'canary', invert: true } } }),

  one({ prefix: '/query' }),
  two({ prefix: '/query/exact', query: { v: '2' } }),
  two({ prefix: '/query/regex', query: { v: { regex: '[0-9]+' } } }),
  two({ prefix: '/query/present', query: { v: { present: true } } }),
  two({ prefix: '/query/absent', query: { v: { present: true, invert: true } } }),

  one({ prefix: '/host' }),
  two({ prefix: '/host' }, { hosts: ['api.example.com', 'Upper.Example.com'] }),
  { match: { prefix: '/host' }, hosts: ['*.example.com'], direct_response: { status: 201 } },
  { match: { prefix: '/host' }, hosts: ['example.*'], direct_response: { status: 202 } },
  { match: { prefix: '/host/more' }, direct_response: { status: 204 } },

  one({ path: '/priority/x' }),
  two({ prefix: '/priority' }, { priority: 10 }),

  {
    match: { prefix: '/weighted' },
    weighted: [
      { service_name: 'one', weight: 80 },
      { service_name: 'two', weight: 20 },
    ],
  },

  one({ prefix: '/rw-a/' }, { rewrite: { prefix: '/' } }),
  one({ prefix: '/rw-b' }, { rewrite: { prefix: '/' } }),
  one({ prefix: '/rw-c/' }, { rewrite: { prefix: '/api' } }),
  one({ prefix: '/rw-d' }, { rewrite: { prefix: '/api/' } }),
  one({ prefix: '/rw-e' }, { rewrite: { prefix: '/api' } }),
  one({ path: '/rw-f' }, { rewrite: { prefix: '/new' } }),
  one({ prefix: '/rw-g' }, { rewrite: { regex: { pattern: '^/rw-g/([a-z]+)', substitution: '/v2/\\1' } } }),
  one({ prefix: '/rw-h' }, { rewrite: { host: 'inside.test' } }),
  one({ prefix: '/rw.i' }, { rewrite: { prefix: '/' } }),

  { match: { prefix: '/redirect-a' }, redirect: { scheme: 'https', host: 'other.test', port: 8443 } },
  { match: { path: '/redirect-b' }, redirect: { status: 302, path: '/there', strip_query: true } },
  { match: { prefix: '/redirect-c/' }, redirect: { status: 307, prefix: '/d/' } },
  { match: { path: '/direct' }, direct_response: { status: 418, body: 'short and stout' } },

  one(
    { prefix: '/edit' },
    {
      headers: {
        request: {
          set: { 'x-set': 'ours', 'x-host': '%REQ(:authority)%' },
          add: { 'x-add': 'ours' },
          remove: ['x-remove'],
        },
        response: {
          set: { 'x-from': 'envoy', 'x-percent': '100%%' },
          add: { 'x-more': '1' },
          remove: ['x-secret'],
        },
      },
    },
  ),
  one(
    { prefix: '/commands' },
    {
      headers: {
        request: { set: Object.fromEntries(COMMANDS.map((command, n) => [`x-c${n}`, `%${command}%`])) },
      },
    },
  ),
  one({ prefix: '/mirror' }, { mirror: { service_name: 'shadow' } }),
  { match: { prefix: '/timeout' }, service_name: 'slow', timeout: '200ms' },
  { match: { prefix: '/idle' }, service_name: 'slow', timeout: 0, idle_timeout: '200ms' },
  one({ prefix: '/retry' }, { retries: { attempts: 3, on: ['5xx'], per_try_timeout: '5s' } }),
  one({ prefix: '/socket' }, { websocket: true }),
];

let echoes: readonly Echo[];
let signalbox: Signalbox;
let envoy: Envoy;
let port: number;
const agent = new Agent({ connections: 4 });

beforeAll(async () => {
  echoes = await Promise.all(NAMES.map((name) => Echo.start(name)));
  port = await freePort();
  signalbox = await Signalbox.start(
    {
      discovery: { file: { path: 'services.json' } },
      listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
      routes: ROUTES,
    },
    { waitFor: 'serving' },
  );
  const instances = echoes.map((each) => [each.name, [{ host: '127.0.0.1', port: each.port }]]);
  writeFileSync(
    join(signalbox.folder, 'services.json'),
    JSON.stringify({ services: Object.fromEntries(instances) }),
  );
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  await eventually(async () => expect((await ask('/exact')).status).toBe(200));
});

afterAll(async () => {
  await agent.destroy();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all((echoes ?? []).map((echo) => echo.close()));
});

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(path: string, { method = 'GET', headers = {} }: Asked = {}) {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { dispatcher: agent, method, headers });
  const text = await answer.body.text();
  const echoed = text.startsWith('{') ? (JSON.parse(text) as Echoed) : undefined;
  return {
    status: answer.statusCode,
    service: echoed?.service,
    path: echoed?.path,
    headers: answer.headers,
    echoed,
    text,
  };
}

function echo(name: (typeof NAMES)[number]): Echo {
  const found = echoes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no echo ${name}`);
  return found;
}

const canary = { headers: { 'x-env': 'canary' } };

describe('which route takes a request', () => {
  test.each<[string, Asked, string | number]>([
    ['/segment', {}, 'one'],
    ['/segment/x', {}, 'one'],
    ['/segment?x', {}, 'one'],
    ['/segments', {}, 404],
    ['/exact?x=y', {}, 'one'],
    ['/exact/', {}, 404],
    ['/regex/12', {}, 'one'],
    ['/regex/12/x', {}, 404],
    ['/regex/a', {}, 404],
    ['/template/7/x', {}, 'one'],
    ['/template/7/y', {}, 404],
    ['/template/7/8/x', {}, 404],
    ['/longest/x', {}, 'one'],
    ['/longest/er/x', {}, 'two'],
    ['/method', {}, 'one'],
    ['/method', { method: 'PUT' }, 'two'],
    ['/method', { method: 'DELETE' }, 'two'],
    ['/method', { method: 'POST' }, 'one'],
    ...['exact', 'prefix', 'suffix', 'contains', 'regex', 'present'].flatMap(
      (kind): [string, Asked, string][] => [
        [`/header/${kind}`, canary, 'two'],
        [`/header/${kind}`, {}, 'one'],
      ],
    ),
    ['/header/exact', { headers: { 'x-env': 'canaryx' } }, 'one'],
    ['/header/absent', {}, 'two'],
    ['/header/absent', canary, 'one'],
    ['/header/not', { headers: { 'x-env': 'prod' } }, 'two'],
    ['/header/not', {}, 'two'],
    ['/header/not', canary, 'one'],
    ['/query/exact?v=2', {}, 'two'],
    ['/query/exact?v=3', {}, 'one'],
    ['/query/regex?a=b&v=12', {}, 'two'],
    ['/query/regex?v=12a', {}, 'one'],
    ['/query/present?v', {}, 'two'],
    ['/query/present', {}, 'one'],
    ['/query/absent', {}, 'two'],
    ['/query/absent?v=1', {}, 'one'],
    ['/host', { headers: { host: 'other.test' } }, 'one'],
    ['/host', { headers: { host: 'api.example.com' } }, 'two'],
    ['/host', { headers: { host: 'API.example.com:1234' } }, 'two'],
    ['/host', { headers: { host: 'upper.example.com' } }, 'two'],
    ['/host', { headers: { host: 'a.b.example.com' } }, 201],
    ['/host', { headers: { host: 'example.org' } }, 202],
    ['/host/more', { headers: { host: 'api.example.com' } }, 'two'],
    ['/host/more', { headers: { host: 'other.test' } }, 204],
    ['/segment', { headers: { host: 'api.example.com' } }, 'one'],
    ['/priority/x', {}, 'two'],
  ])('%s %j: %s', async (path, asked, expected) => {
    const { status, service } = await ask(path, asked);
    expect(service ?? status).toBe(expected);
  });

  test('weights share the requests', async () => {
    const counts = { one: 0, two: 0 };
    for (let n = 0; n < 500; n += 1) {
      const { service } = await ask('/weighted');
      if (service === 'one' || service === 'two') counts[service] += 1;
    }
    expect(counts.one + counts.two).toBe(500);
    expect(Math.abs(counts.two - 100)).toBeLessThan(45);
  });
});

describe('what reaches the service', () => {
  test.each([
    ['/rw-a/', '/'],
    ['/rw-a/x/y?z=1', '/x/y?z=1'],
    ['/rw-b', '/'],
    ['/rw-b?z', '/?z'],
    ['/rw-b/', '/'],
    ['/rw-b/x', '/x'],
    ['/rw-c/x', '/api/x'],
    ['/rw-d', '/api/'],
    ['/rw-d/x', '/api/x'],
    ['/rw-e', '/api'],
    ['/rw-e/x', '/api/x'],
    ['/rw-f?z=1', '/new?z=1'],
    ['/rw-g/abc/d', '/v2/abc/d'],
    ['/rw-g/1', '/rw-g/1'],
    ['/rw.i/x', '/x'],
  ])('%s → %s', async (path, expected) => {
    expect((await ask(path)).path).toBe(expected);
  });

  test('another host', async () => {
    expect((await ask('/rw-h')).echoed?.headers.host).toBe('inside.test');
    expect((await ask('/exact', { headers: { host: 'kept.test' } })).echoed?.headers.host).toBe('kept.test');
  });

  test('edited headers, of the request and of the answer', async () => {
    const { echoed, headers } = await ask('/edit', {
      headers: { host: 'mine.test', 'x-set': 'theirs', 'x-add': 'theirs', 'x-remove': 'theirs' },
    });
    expect(echoed?.headers).toMatchObject({
      'x-set': 'ours',
      'x-host': 'mine.test',
      'x-add': 'theirs, ours',
    });
    expect(echoed?.headers['x-remove']).toBeUndefined();
    expect(headers).toMatchObject({ 'x-from': 'envoy', 'x-percent': '100%', 'x-more': '1' });
    expect(headers['x-secret']).toBeUndefined();
    expect((await ask('/commands')).echoed?.headers['x-c0']).toBe('HTTP/1.1');
  });

  test('a copy at the mirror', async () => {
    const { service } = await ask('/mirror?copy');
    expect(service).toBe('one');
    await eventually(() => expect(echo('shadow').seen.map(({ path }) => path)).toContain('/mirror?copy'));
  });
});

describe('answers of Envoy itself', () => {
  test.each([
    ['/redirect-a/x?y=z', 301, 'https://other.test:8443/redirect-a/x?y=z'],
    ['/redirect-b?x=y', 302, 'http://me.test/there'],
    ['/redirect-c/x?y=z', 307, 'http://me.test/d/x?y=z'],
  ])('%s is redirected', async (path, status, location) => {
    const answer = await ask(path, { headers: { host: 'me.test' } });
    expect([answer.status, answer.headers.location]).toEqual([status, location]);
  });

  test('a response of the route itself', async () => {
    expect(await ask('/direct')).toMatchObject({ status: 418, text: 'short and stout' });
  });

  test('a service too slow, as a whole and without any movement', async () => {
    echo('slow').delay = 2_000;
    expect((await ask('/timeout')).status).toBe(504);
    expect((await ask('/idle')).status).toBe(504);
    echo('slow').delay = 0;
    expect((await ask('/timeout')).status).toBe(200);
  });

  test('a failing service is asked again', async () => {
    const before = echo('one').seen.length;
    echo('one').failures = 2;
    expect((await ask('/retry')).status).toBe(200);
    expect(echo('one').seen.length - before).toBe(3);
    echo('one').failures = 1;
    expect((await ask('/exact')).status).toBe(503);
  });

  test.each([
    ['/socket', 101],
    ['/exact', 403],
  ])('an upgrade to a websocket at %s', async (path, expected) => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'x',
      };
      const upgrade = httpRequest({ host: '127.0.0.1', port, path, headers });
      upgrade.on('error', reject);
      upgrade.on('response', (response) => resolve(response.resume().statusCode));
      upgrade.on('upgrade', (response, socket) => {
        socket.on('data', (chunk) => {
          socket.destroy();
          resolve(String(chunk) === 'ping' ? response.statusCode : undefined);
        });
        socket.write('ping');
      });
      upgrade.end();
    });
    expect(status).toBe(expected);
  });
});

test('Envoy rejected nothing', async () => {
  const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
