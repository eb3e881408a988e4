import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../../peers/eventually.js';
import { type FakeCall, type FakeReply, NacosFake } from '../../../support/nacos-fake.js';
import { NacosWatches, nacosSource } from '../../../support/nacos-watch.js';
import type { RecordingSink } from '../../../support/recording-sink.js';

const at = (ip: string, more: object = {}) => ({
  ip,
  port: 80,
  weight: 1,
  healthy: true,
  enabled: true,
  ...more,
});
const WEB = 'public/DEFAULT_GROUP/web';

let fake: NacosFake;
let watches: NacosWatches;

const start = (options: object = {}, deps: object = {}) =>
  watches.start([fake.url], { fetch_interval: '10ms', ...options }, deps);
const served = (sink: RecordingSink, addresses: readonly string[] | undefined, service = WEB) =>
  eventually(() => expect(sink.addresses(service)).toEqual(addresses));
const moreCalls = async () => {
  const before = fake.calls.length;
  await eventually(() => expect(fake.calls.length).toBeGreaterThan(before + 5));
};
const isInstances = (path: string) => path.endsWith('/instance/list');

beforeEach(async () => {
  fake = await new NacosFake().start();
  fake.services = { web: [at('10.0.0.1')] };
  watches = new NacosWatches();
});
afterEach(async () => {
  await watches.end();
  await fake.stop();
});

test.each([404, 405, 410, 501])(
  'a server that says %i to v3 is asked by v1, and by v3 no more',
  async (status) => {
    fake.offers = ['v1'];
    fake.missing = status;
    const sink = start();
    await served(sink, ['10.0.0.1:80']);
    await moreCalls();
    expect(fake.calls.filter(({ path }) => path.startsWith('/v3'))).toHaveLength(1);
    expect(fake.calls.find(({ path }) => path === '/v1/ns/instance/list')?.fields.get('serviceName')).toBe(
      'DEFAULT_GROUP@@web',
    );
    expect(sink.errors).toEqual([]);
  },
);

test('a gateway that refuses what it does not know is asked by v1', async () => {
  fake.offers = ['v1'];
  fake.missing = 403;
  const sink = start();
  await served(sink, ['10.0.0.1:80']);
  expect(sink.errors).toEqual([]);
});

test('a server that was upgraded or went back is found out again', async () => {
  fake.offers = ['v1', 'v3'];
  const sink = start();
  await served(sink, ['10.0.0.1:80']);
  expect(fake.paths.every((path) => path.startsWith('/v3/'))).toBe(true);
  fake.offers = ['v1'];
  fake.services = { web: [at('10.0.0.2')] };
  await served(sink, ['10.0.0.2:80']);
  // Down for a moment, as in an upgrade, and v3 once more.
  fake.intercept = () => ({ status: 503, body: 'server is DOWN now' });
  await eventually(() => expect(sink.errors.at(-1)?.message).toContain('DOWN'));
  fake.offers = ['v1', 'v3'];
  fake.calls.length = 0;
  fake.intercept = () => undefined;
  await eventually(() => expect(sink.healthy).toBe(true));
  await moreCalls();
  expect(fake.calls.at(-1)?.path).toMatch(/^\/v3\//);
});

test.each<[string, FakeReply, string]>([
  ['500', { status: 500, body: 'no leader' }, 'registry_bad_answer'],
  ['403', { status: 403, body: 'no right' }, 'registry_refused'],
  [
    'an error in an answer of status 200',
    { body: { code: 30000, message: 'server error', data: 'x' } },
    'registry_bad_answer',
  ],
  ['broken JSON', { body: '{"code":0,' }, 'registry_bad_answer'],
  ['JSON that is something else', { body: {} }, 'registry_bad_answer'],
  ['no data', { body: { code: 0, data: null } }, 'registry_bad_answer'],
  ['neither API', { status: 404, body: 'nothing here' }, 'registry_bad_answer'],
])('%s keeps the last good and is told; then what is there counts', async (_, reply, code) => {
  const sink = start();
  await served(sink, ['10.0.0.1:80']);
  fake.intercept = () => reply;
  await eventually(() => expect(sink.errors.at(-1)?.code).toBe(code));
  expect(sink.addresses(WEB)).toEqual(['10.0.0.1:80']);
  fake.services = { web: [at('10.0.0.2')] };
  fake.intercept = () => undefined;
  await served(sink, ['10.0.0.2:80']);
  await eventually(() => expect(sink.healthy).toBe(true));
});

const BROKEN = 'public/DEFAULT_GROUP/broken';
const serviceOf = ({ fields }: FakeCall) => (fields.get('serviceName') ?? '').replace(/^.*@@/, '');
const isBroken = (call: FakeCall) => serviceOf(call) === 'broken';

/** How the query of one service may fail, and what that is called. */
const MISBEHAVIOURS: Readonly<Record<string, readonly [string, FakeReply | 'hang' | 'cut']>> = {
  errs: ['registry_bad_answer', { status: 500, body: 'out of luck' }],
  redirects: ['registry_bad_answer', { status: 301, body: '' }],
  refused: ['registry_refused', { status: 403, body: 'no right' }],
  'says-no': ['registry_bad_answer', { body: { code: 30_000, message: 'no', data: '' } }],
  'no-json': ['registry_bad_answer', { body: '{"code":0,' }],
  silent: ['registry_timeout', 'hang'],
  cut: ['registry_unreachable', 'cut'],
};

test('services whose queries fail in every way keep their last good, and the others are followed', async () => {
  const bad = Object.keys(MISBEHAVIOURS);
  const all = (web: string, others: string) => ({
    web: [at(web)],
    ...Object.fromEntries(bad.map((name) => [name, [at(others)]])),
  });
  fake.services = all('10.0.0.1', '10.0.0.1');
  const sink = start({ timeout: { read: 200 } });
  for (const name of bad) await served(sink, ['10.0.0.1:80'], `public/DEFAULT_GROUP/${name}`);
  fake.services = all('10.0.0.2', '10.0.0.2');
  fake.intercept = (call) => MISBEHAVIOURS[serviceOf(call)]?.[1];
  await served(sink, ['10.0.0.2:80']);
  const expected = Object.entries(MISBEHAVIOURS).map(([name, [code]]) => [
    `public/DEFAULT_GROUP/${name}`,
    code,
    expect.stringContaining(`public/DEFAULT_GROUP/${name}: `),
  ]);
  await eventually(() =>
    expect([...sink.failing].map(([name, { code, message }]) => [name, code, message]).sort()).toEqual(
      expected.sort(),
    ),
  );
  for (const name of bad) expect(sink.addresses(`public/DEFAULT_GROUP/${name}`)).toEqual(['10.0.0.1:80']);
  await eventually(() => expect(sink.healthy).toBe(true));
  fake.services = all('10.0.0.3', '10.0.0.2');
  await served(sink, ['10.0.0.3:80']);
  fake.intercept = () => undefined;
  for (const name of bad) await served(sink, ['10.0.0.2:80'], `public/DEFAULT_GROUP/${name}`);
  expect([sink.failing.size, sink.errors]).toEqual([0, []]);
});

test('a service that fails from the start is not waited for, nor asked for in each round', async () => {
  fake.services = { web: [at('10.0.0.1')], broken: [at('10.0.0.9')] };
  fake.intercept = (call) => (isBroken(call) ? { status: 500, body: '' } : undefined);
  const sink = start();
  await served(sink, ['10.0.0.1:80']);
  const { syncs } = sink;
  await eventually(() => expect(sink.syncs).toBeGreaterThan(syncs + 10));
  expect(fake.calls.filter(isBroken).length).toBeLessThan(4);
  expect([...sink.failing.keys()]).toEqual([BROKEN]);
  fake.services = { web: [at('10.0.0.1')] };
  await eventually(() => expect(sink.failing.size).toBe(0));
  expect(sink.addresses(BROKEN)).toBeUndefined();
});

test('where no service answers, the registry has not', async () => {
  fake.intercept = ({ path }) => (isInstances(path) ? { status: 500, body: 'no' } : undefined);
  const sink = start();
  await eventually(() => expect(sink.errors.length).toBeGreaterThan(0));
  expect(sink.syncs).toBe(0);
  fake.intercept = () => undefined;
  await served(sink, ['10.0.0.1:80']);
});

test('names that cannot be asked for are left out, odd ones are asked for as they are', async () => {
  const nameless = ['', 'line\nbreak', '\ud800'];
  const odd = ['sp ace', 'ü', '100%', '..', '/a', 'why?&a=b', 'a+b', '😀', '#'];
  fake.services = Object.fromEntries([...nameless, ...odd].map((name) => [name, [at('10.0.0.1')]]));
  const sink = start();
  for (const name of odd) await served(sink, ['10.0.0.1:80'], `public/DEFAULT_GROUP/${name}`);
  expect([...sink.failing].map(([name, { code }]) => [name, code])).toEqual(
    nameless.map((name) => [`public/DEFAULT_GROUP/${name}`, 'service_name_invalid']),
  );
  expect(sink.services.size).toBe(odd.length);
  fake.services = Object.fromEntries(odd.map((name) => [name, [at('10.0.0.1')]]));
  await eventually(() => expect(sink.failing.size).toBe(0));
  expect(sink.errors).toEqual([]);
});

test('a service to skip is not even asked for', async () => {
  fake.services = { web: [at('10.0.0.1')], 'internal-a': [at('10.0.0.9')] };
  const sink = start({ skip_services: ['internal-*'] });
  await served(sink, ['10.0.0.1:80']);
  await moreCalls();
  expect(fake.calls.some(({ fields }) => fields.get('serviceName') === 'internal-a')).toBe(false);
  expect([...sink.services.keys()]).toEqual([WEB]);
});

test('an entry that is none costs itself alone; equal addresses count once', async () => {
  fake.services = {
    web: [
      null,
      7,
      at('10.0.0.2', { clusterName: 'B' }),
      at('10.0.0.2', { clusterName: 'A' }),
      at('10.0.0.1', { weight: 'x' }),
    ],
  };
  const sink = start({ weight: 5 });
  await served(sink, ['10.0.0.1:80', '10.0.0.2:80']);
  const state = sink.services.get(WEB);
  expect(state?.instances).toMatchObject([{ weight: 5, remarks: [expect.any(String)] }, { cluster: 'A' }]);
  expect(state?.filtered.map(({ address, reason }) => [address, reason])).toEqual([
    ['7', 'bad_value'],
    ['null', 'bad_value'],
    ['10.0.0.2:80', 'duplicate'],
  ]);
});

test('an answer in another order sets nothing', async () => {
  fake.services = { web: [at('10.0.0.1'), at('10.0.0.2')] };
  const sink = start();
  await served(sink, ['10.0.0.1:80', '10.0.0.2:80']);
  fake.services = { web: [at('10.0.0.2'), at('10.0.0.1')] };
  const { syncs } = sink;
  await eventually(() => expect(sink.syncs).toBeGreaterThan(syncs + 3));
  expect(sink.sets).toBe(1);
});

test('a service that one list misses stays while it has instances', async () => {
  const sink = start();
  await served(sink, ['10.0.0.1:80']);
  const empty = { code: 0, data: { totalCount: 0, pageItems: [] } };
  fake.intercept = ({ path }) => (isInstances(path) ? undefined : { body: empty });
  const { syncs } = sink;
  await eventually(() => expect(sink.syncs).toBeGreaterThan(syncs + 3));
  expect(sink.addresses(WEB)).toEqual(['10.0.0.1:80']);
  fake.services = {};
  await served(sink, undefined);
});

test('the next server is asked when one fails, and stays in use', async () => {
  const other = await new NacosFake().start();
  try {
    other.services = { web: [at('10.0.0.2')] };
    const sink = watches.start([fake.url, other.url], { fetch_interval: '10ms' });
    await served(sink, ['10.0.0.1:80']);
    expect(other.calls).toEqual([]);
    fake.intercept = () => ({ status: 503, body: 'server is DOWN now' });
    await served(sink, ['10.0.0.2:80']);
    expect(sink.errors).toEqual([]);
    fake.intercept = () => undefined;
    fake.calls.length = 0;
    const { syncs } = sink;
    await eventually(() => expect(sink.syncs).toBeGreaterThan(syncs + 3));
    expect(fake.calls).toEqual([]);
  } finally {
    await other.stop();
  }
});

test('a server without gRPC is polled all the same', async () => {
  const sink = start({ push: true });
  await served(sink, ['10.0.0.1:80']);
  fake.services = { web: [at('10.0.0.2')] };
  await served(sink, ['10.0.0.2:80']);
  expect(sink.errors).toEqual([]);
});

test('a token that is not accepted any more is replaced, and the query asked again', async () => {
  let good = 'token-1';
  const logins: (string | null)[] = [];
  fake.intercept = ({ path, fields, authorization }) => {
    if (path === '/v3/auth/user/login') {
      logins.push(fields.get('password'));
      return { body: { accessToken: good, tokenTtl: 18_000 } };
    }
    return authorization === `Bearer ${good}` ? undefined : { status: 403, body: 'token invalid!' };
  };
  const clock = { now: 1_000_000 };
  const password = 'a@b:c/d+e%f&g h';
  const sink = start({ user: 'u', password }, { now: () => clock.now });
  await served(sink, ['10.0.0.1:80']);
  expect(logins).toEqual([password]);
  clock.now += 60_000;
  good = 'token-2';
  fake.services = { web: [at('10.0.0.2')] };
  await served(sink, ['10.0.0.2:80']);
  expect(sink.errors).toEqual([]);
  expect(logins).toEqual([password, password]);
});

test('a token is renewed when a tenth of its time is left', async () => {
  let logins = 0;
  fake.intercept = ({ path }) => {
    if (!path.endsWith('/login')) return undefined;
    logins += 1;
    return { body: { accessToken: `token-${logins}`, tokenTtl: 100 } };
  };
  const clock = { now: 1_000_000 };
  const sink = start({ user: 'u', password: 'p' }, { now: () => clock.now });
  await served(sink, ['10.0.0.1:80']);
  clock.now += 89_000;
  await moreCalls();
  expect(logins).toBe(1);
  clock.now += 2_000;
  await eventually(() => expect(fake.calls.at(-1)?.authorization).toBe('Bearer token-2'));
  expect(logins).toBe(2);
});

test.each([
  [['/v1/auth/users/login'], ['/v3/auth/user/login', '/v1/auth/users/login']],
  [['/v1/auth/login'], ['/v3/auth/user/login', '/v1/auth/users/login', '/v1/auth/login']],
])('an older server is asked for a token where it has them: %s', async (offered, asked) => {
  fake.offers = ['v1'];
  fake.missing = 501;
  fake.intercept = ({ path }) => {
    if (offered.includes(path)) return { body: { accessToken: 'token-1', tokenTtl: 18_000 } };
    return path.includes('/login') ? { status: 501, body: '' } : undefined;
  };
  const sink = start({ user: 'u', password: 'p' });
  await served(sink, ['10.0.0.1:80']);
  expect(fake.paths.filter((path) => path.includes('/login'))).toEqual(asked);
});

test('a server that refuses one thing for good is not asked for a token each time', async () => {
  let logins = 0;
  fake.intercept = ({ path }) => {
    if (!path.endsWith('/login')) return { status: 403, body: 'no right' };
    logins += 1;
    return { body: { accessToken: `token-${logins}`, tokenTtl: 18_000 } };
  };
  const names = Array.from({ length: 100 }, (_, index) => `s-${index}`);
  const options = { user: 'u', password: 'p', services_only: true };
  const sink = start(options, { wanted: () => names, now: () => 1_000_000 });
  await eventually(() => expect(sink.errors.length).toBeGreaterThan(2));
  expect(logins).toBe(1);
});

test('a wrong password is refused, also by a server that takes it for an error of its own', async () => {
  fake.intercept = ({ path }) =>
    path.endsWith('/login') ? { status: 500, body: 'oops secret-1' } : undefined;
  const sink = start({ user: 'u', password: 'secret-1' });
  await eventually(() => expect(sink.errors[0]?.code).toBe('registry_refused'));
  expect(sink.errors.map(String).join()).not.toContain('secret-1');
  expect(fake.calls.every(({ path }) => path.endsWith('/login'))).toBe(true);
});

test('with an access key every query is signed with its time and service', async () => {
  const sink = start({ access_key: 'key-1', secret_key: 'secret-1' }, { now: () => 1_700_000_000_000 });
  await served(sink, ['10.0.0.1:80']);
  const signed = (data: string) => ({
    ak: 'key-1',
    data,
    signature: createHmac('sha1', 'secret-1').update(data).digest('base64'),
  });
  const fieldsOf = (instances: boolean) =>
    Object.fromEntries(fake.calls.find(({ path }) => isInstances(path) === instances)?.fields ?? []);
  expect(fieldsOf(false)).toMatchObject(signed('1700000000000'));
  expect(fieldsOf(true)).toMatchObject(signed('1700000000000@@DEFAULT_GROUP@@web'));
});

test('a source is named by its servers, without user and password', () => {
  const source = nacosSource(['http://u:p@nacos-1.example.com:8848', 'http://u:x/y@z@nacos-2.example.com']);
  expect(source).toMatchObject({
    registry: 'nacos',
    server: 'http://nacos-1.example.com:8848,http://nacos-2.example.com',
  });
});
