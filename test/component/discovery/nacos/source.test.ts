import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../../peers/eventually.js';
import { type FakeReply, NacosFake } from '../../../support/nacos-fake.js';
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

test('a service that cannot be read keeps its last good alone, and the error names it', async () => {
  fake.services = { web: [at('10.0.0.1')], broken: [at('10.0.0.9')] };
  const broken = 'public/DEFAULT_GROUP/broken';
  const sink = start();
  await served(sink, ['10.0.0.9:80'], broken);
  fake.services = { web: [at('10.0.0.2')], broken: [] };
  fake.intercept = ({ fields }) =>
    fields.get('serviceName') === 'broken' ? { status: 500, body: 'out of luck' } : undefined;
  await served(sink, ['10.0.0.2:80']);
  expect(sink.addresses(broken)).toEqual(['10.0.0.9:80']);
  await eventually(() =>
    expect(sink.errors.at(-1)?.message).toMatch(/^public\/DEFAULT_GROUP\/broken: .*500/),
  );
  expect(sink.healthy).toBe(false);
  fake.intercept = () => undefined;
  await served(sink, [], broken);
  await eventually(() => expect(sink.healthy).toBe(true));
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
