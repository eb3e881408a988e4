import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Echo } from '../support/echo.js';
import { Signalbox } from '../support/signalbox.js';

const NAMES = ['one', 'other', 'slow', 'shadow', 'second'] as const;

const one = (path: string, more: object = {}) => ({ match: { path }, service_name: 'one', ...more });
const slow = (path: string, more: object) => ({ match: { path }, service_name: 'slow', ...more });
const both = (path: string, more: object) => ({ match: { path }, service_name: 'both', ...more });
const limit = (requests: number, more: object = {}) => ({ requests, per: '1h', ...more });

const ROUTES = [
  one('/plain'),
  one('/limit/three', { rate_limit: limit(3, { headers: true }) }),
  one('/limit/burst', { rate_limit: limit(1, { burst: 4, status: 503 }) }),
  one('/limit/refilled', { rate_limit: { requests: 1, per: '50ms' } }),
  one('/limit/grpc', { rate_limit: limit(1) }),
  { match: { path: '/limit/direct' }, direct_response: { status: 200 }, rate_limit: limit(1) },
  one('/limit/cors', { rate_limit: limit(1), cors: { allow_origins: ['*'] } }),

  one('/cors/named', {
    cors: {
      allow_origins: ['https://app.test', { suffix: '.friends.test' }, { regex: 'https://n[0-9]+\\.test' }],
      allow_methods: ['GET', 'PUT'],
      allow_headers: ['x-token'],
      expose_headers: ['x-from'],
      max_age: '10m',
      allow_credentials: true,
    },
  }),
  one('/cors/all', { cors: { allow_origins: ['*'], allow_methods: ['*'] } }),

  one('/retry/code', { retries: { attempts: 2, status_codes: [409] } }),
  one('/retry/code/not', { retries: { attempts: 2, status_codes: [410] } }),
  one('/retry/header', { retries: { attempts: 2, headers: { 'X-Again': { present: true } } } }),
  one('/retry/backoff', { retries: { attempts: 2, on: ['5xx'], backoff: { base: '1ms', max: '5ms' } } }),
  both('/retry/elsewhere', {
    retries: { attempts: 1, on: ['5xx'], previous_hosts: true, host_attempts: 20 },
  }),
  slow('/try/cut', { retries: { attempts: 1, per_try_timeout: '200ms' } }),
  slow('/try/hedged', { retries: { attempts: 1, per_try_timeout: '200ms', hedge_on_per_try_timeout: true } }),
  slow('/try/idle', { retries: { attempts: 1, per_try_idle_timeout: '100ms' } }),

  one('/grpc'),
  { match: { path: '/grpc', grpc: true }, service_name: 'other' },
  slow('/grpc/timeout', { grpc_timeout: 0 }),
  slow('/grpc/capped', { grpc_timeout: '200ms' }),
  slow('/stream', { max_stream_duration: '200ms' }),

  one('/mirrors', { mirror: [{ service_name: 'shadow' }, { service_name: 'second' }] }),
  { match: { path: '/https' }, redirect: { https: true, status: 308 } },
  { ...one('/case'), match: { path: '/case', headers: { 'x-a': { exact: 'YES', ignore_case: true } } } },
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
  const at = (name: (typeof NAMES)[number]) => ({ host: '127.0.0.1', port: echo(name).port });
  const services = {
    ...Object.fromEntries(NAMES.map((name) => [name, [at(name)]])),
    both: [at('one'), at('other')],
  };
  writeFileSync(join(signalbox.folder, 'services.json'), JSON.stringify({ services }));
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  await eventually(async () => expect((await ask('/plain')).status).toBe(200));
});

beforeEach(() => {
  for (const each of echoes) {
    each.failures = 0;
    each.failure = { status: 503 };
    each.delay = 0;
  }
});

afterAll(async () => {
  await agent.destroy();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all((echoes ?? []).map((each) => each.close()));
});

interface Asked {
  readonly method?: 'GET' | 'POST' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(path: string, { method = 'GET', headers = {} }: Asked = {}) {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { dispatcher: agent, method, headers });
  const text = await answer.body.text();
  const service: unknown = text.startsWith('{') ? JSON.parse(text).service : undefined;
  return { status: answer.statusCode, headers: answer.headers, service };
}

async function statuses(path: string, times: number): Promise<readonly number[]> {
  const all: number[] = [];
  for (let n = 0; n < times; n += 1) all.push((await ask(path)).status);
  return all;
}

function echo(name: (typeof NAMES)[number]): Echo {
  const found = echoes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no echo ${name}`);
  return found;
}

const grpc = (more: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/grpc', te: 'trailers', ...more },
});

describe('rate limit', () => {
  test('so many requests, then 429, with what is left in headers', async () => {
    const answers = [];
    for (let n = 0; n < 5; n += 1) answers.push(await ask('/limit/three'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual(['2', '1', '0', '0', '0']);
    expect(answers[0]?.headers['x-ratelimit-limit']).toBe('3');
  });

  test('a burst above what comes anew, and a status of its own', async () => {
    expect(await statuses('/limit/burst', 5)).toEqual([200, 200, 200, 200, 503]);
  });

  test('tokens come anew', async () => {
    for (let n = 0; n < 3; n += 1) {
      await eventually(async () => expect((await ask('/limit/refilled')).status).toBe(200));
    }
  });

  test('a gRPC client is told RESOURCE_EXHAUSTED', async () => {
    await ask('/limit/grpc');
    expect((await ask('/limit/grpc', grpc())).headers['grpc-status']).toBe('8');
  });

  test('of an answer of Envoy itself too', async () => {
    expect(await statuses('/limit/direct', 2)).toEqual([200, 429]);
  });

  test('each route counts for itself; a page of another origin may read the refusal', async () => {
    const headers = { origin: 'https://any.test' };
    expect((await ask('/limit/cors', { headers })).status).toBe(200);
    const refused = await ask('/limit/cors', { headers });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([
      429,
      'https://any.test',
    ]);
    expect((await ask('/plain')).status).toBe(200);
  });
});

describe('CORS', () => {
  const preflight = (origin: string): Asked => ({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT' },
  });

  test.each(['https://app.test', 'https://a.friends.test', 'https://n12.test'])(
    'a preflight of %s is answered by Envoy',
    async (origin) => {
      const before = echo('one').seen.length;
      const { status, headers } = await ask('/cors/named', preflight(origin));
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, PUT',
        'access-control-allow-headers': 'x-token',
        'access-control-allow-credentials': 'true',
        'access-control-max-age': '600',
      });
      expect(echo('one').seen.length).toBe(before);
    },
  );

  test.each(['https://app.test.evil', 'http://app.test', 'https://nx.test'])(
    '%s is allowed nothing',
    async (origin) => {
      const asked = await ask('/cors/named', preflight(origin));
      const got = await ask('/cors/named', { headers: { origin } });
      for (const { headers } of [asked, got]) expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  test('a request itself', async () => {
    const { headers, service } = await ask('/cors/named', { headers: { origin: 'https://app.test' } });
    expect(service).toBe('one');
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.test',
      'access-control-expose-headers': 'x-from',
    });
  });

  test('every origin, and a route without', async () => {
    const all = await ask('/cors/all', preflight('https://any.test'));
    expect(all.headers['access-control-allow-origin']).toBe('https://any.test');
    const plain = await ask('/plain', { headers: { origin: 'https://any.test' } });
    expect(plain.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('retries', () => {
  test.each([
    ['/retry/code', { status: 409 }, 200, 2],
    ['/retry/code/not', { status: 409 }, 409, 1],
    ['/retry/code', { status: 503 }, 503, 1],
    ['/retry/header', { status: 404, headers: { 'x-again': 'yes' } }, 200, 2],
    ['/retry/header', { status: 404 }, 404, 1],
    ['/retry/backoff', { status: 500 }, 200, 2],
  ])('%s after %j: %i', async (path, failure, status, tries) => {
    const before = echo('one').seen.length;
    echo('one').failure = failure;
    echo('one').failures = 1;
    expect((await ask(path)).status).toBe(status);
    expect(echo('one').seen.length - before).toBe(tries);
  });

  test('not to the instance that failed', async () => {
    echo('one').failures = Number.POSITIVE_INFINITY;
    expect(await statuses('/retry/elsewhere', 20)).toEqual(Array(20).fill(200));
  });

  test('a try that takes too long is cut, or goes on beside the next', async () => {
    echo('slow').delay = 1_000;
    expect((await ask('/try/cut')).status).toBe(504);
    expect((await ask('/try/idle')).status).toBe(504);
    expect((await ask('/try/hedged')).status).toBe(200);
  });
});

describe('gRPC and streams', () => {
  test('a route for gRPC alone', async () => {
    expect((await ask('/grpc', grpc())).service).toBe('other');
    expect((await ask('/grpc')).service).toBe('one');
  });

  test("the client's grpc-timeout counts, up to a limit", async () => {
    echo('slow').delay = 1_500;
    const statusOf = async (path: string, timeout: string) =>
      (await ask(path, grpc({ 'grpc-timeout': timeout }))).headers['grpc-status'];
    expect(await statusOf('/grpc/timeout', '200m')).toBe('4');
    expect(await statusOf('/grpc/timeout', '20S')).toBeUndefined();
    expect(await statusOf('/grpc/capped', '20S')).toBe('4');
  });

  test('the longest time of a stream', async () => {
    expect((await ask('/stream')).status).toBe(200);
    echo('slow').delay = 1_500;
    expect((await ask('/stream')).status).toBe(504);
  });
});

test('copies to several services', async () => {
  expect((await ask('/mirrors')).service).toBe('one');
  for (const name of ['shadow', 'second'] as const)
    await eventually(() => expect(echo(name).seen.map(({ path }) => path)).toContain('/mirrors'));
});

test('the same place with https', async () => {
  const { status, headers } = await ask('/https?x=y', { headers: { host: 'me.test' } });
  expect([status, headers.location]).toEqual([308, 'https://me.test/https?x=y']);
});

test('a header whatever its case', async () => {
  expect((await ask('/case', { headers: { 'x-a': 'yEs' } })).status).toBe(200);
  expect((await ask('/case', { headers: { 'x-a': 'no' } })).status).toBe(404);
});

test('Envoy rejected nothing', async () => {
  const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
