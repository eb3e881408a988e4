import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../peers/eventually.js';
import { Nacos } from '../peers/nacos.js';
import { NacosWatches } from '../support/nacos-watch.js';
import type { RecordingSink } from '../support/recording-sink.js';

const PASSWORD = 'p@s:s/w+o%r&d=#? é';
/** Seconds that a token is good for. */
const TTL = 3;

let nacos: Nacos;
let watches: NacosWatches;
let folder: string;

beforeAll(async () => {
  nacos = await Nacos.start({
    password: PASSWORD,
    properties: [`nacos.core.auth.plugin.nacos.token.expire.seconds=${TTL}`],
  });
  await nacos.register({ serviceName: 'web', ip: '10.0.0.1', port: 80 });
});
afterAll(async () => await nacos.close());
beforeEach(() => {
  watches = new NacosWatches();
  folder = mkdtempSync(join(tmpdir(), 'signalbox-nacos-auth-'));
});
afterEach(async () => {
  await watches.end();
  rmSync(folder, { recursive: true });
});

const WEB = 'public/DEFAULT_GROUP/web';
const served = (sink: RecordingSink, addresses: readonly string[] | undefined) =>
  eventually(() => expect(sink.addresses(WEB)).toEqual(addresses), 30_000);
const withUser = (credentials: string) => nacos.url.replace('http://', `http://${credentials}@`);
const nothingShown = (sink: RecordingSink) => expect(sink.errors.map(String).join()).not.toContain(PASSWORD);

test.each([
  ['as options', () => ({ user: 'nacos', password: PASSWORD })],
  ['of a file', () => ({ user: 'nacos', password_file: join(folder, 'password') })],
])('user and password %s', async (_, options) => {
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`);
  const sink = watches.start([nacos.url], options());
  await served(sink, ['10.0.0.1:80']);
  expect(sink.errors).toEqual([]);
});

test.each([
  ['as it is', () => withUser(`nacos:${PASSWORD}`)],
  ['percent-encoded', () => withUser(`nacos:${encodeURIComponent(PASSWORD)}`)],
])('user and password in the URL, %s', async (_, url) => {
  const sink = watches.start([url()]);
  await served(sink, ['10.0.0.1:80']);
  expect(sink.errors).toEqual([]);
});

test('changes are pushed to who has a token', async () => {
  const options = { user: 'nacos', password: PASSWORD, push: true, fetch_interval: 600 };
  const sink = watches.start([nacos.url], options);
  await served(sink, ['10.0.0.1:80']);
  const other = { serviceName: 'web', ip: '10.0.0.2', port: 80 };
  await nacos.register(other);
  await served(sink, ['10.0.0.1:80', '10.0.0.2:80']);
  await nacos.deregister(other);
  await served(sink, ['10.0.0.1:80']);
});

test('a token is renewed before it ends', async () => {
  const sink = watches.start([nacos.url], { user: 'nacos', password: PASSWORD });
  await served(sink, ['10.0.0.1:80']);
  const began = Date.now();
  await eventually(() => expect(Date.now() - began).toBeGreaterThan(TTL * 2_000), 30_000, 250);
  expect(sink.errors).toEqual([]);
  expect(sink.healthy).toBe(true);
});

test('a wrong password, and none at all, are refused; the right one in the file counts at once', async () => {
  const file = join(folder, 'password');
  writeFileSync(file, 'wrong-password');
  const none = watches.start([nacos.url]);
  const wrong = watches.start([nacos.url], { user: 'nacos', password_file: file });
  const nobody = watches.start([nacos.url], { user: 'nobody', password: PASSWORD });
  for (const sink of [none, wrong, nobody]) {
    await eventually(() => expect(sink.errors[0]?.code).toBe('registry_refused'), 30_000);
    expect(sink.syncs).toBe(0);
    nothingShown(sink);
  }
  expect(wrong.errors.map(String).join()).not.toContain('wrong-password');
  writeFileSync(file, PASSWORD);
  await served(wrong, ['10.0.0.1:80']);
});

test('a namespace that the user may not read is reported, and the other one served; what was good stays', async () => {
  await nacos.call('POST', '/v3/auth/user', { username: 'reader', password: PASSWORD });
  await nacos.call('POST', '/v3/auth/role', { role: 'readers', username: 'reader' });
  const right = { role: 'readers', resource: 'public:*:*', action: 'r' };
  await nacos.call('POST', '/v3/auth/permission', right);
  const options = { user: 'reader', password: PASSWORD };
  const sink = watches.start([nacos.url], { ...options, namespace: ['team', 'public'] });
  await served(sink, ['10.0.0.1:80']);
  await eventually(() => expect(sink.errors[0]?.code).toBe('registry_refused'), 30_000);

  const alone = watches.start([nacos.url], options);
  await served(alone, ['10.0.0.1:80']);
  await nacos.call('DELETE', '/v3/auth/permission', right);
  await eventually(() => expect(alone.errors.at(-1)?.code).toBe('registry_refused'), 30_000);
  expect(alone.addresses(WEB)).toEqual(['10.0.0.1:80']);
});
