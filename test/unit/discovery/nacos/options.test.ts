import { expect, test } from 'vitest';
import { readHost, readPrefix } from '../../../../src/discovery/nacos/host.js';
import { nacosOptions } from '../../../../src/discovery/nacos/options.js';
import { wantedServices } from '../../../../src/discovery/nacos/wanted.js';

test("a block of APISIX's is read as it stands", () => {
  const read = nacosOptions.parse({
    type: 'nacos',
    host: ['http://nacos:p@ss@192.0.2.1:8848'],
    prefix: '/nacos/v1/',
    fetch_interval: 30,
    weight: 100,
    timeout: { connect: 2000, send: 2000, read: 5000 },
    access_key: 'a',
    secret_key: 'b',
  });
  expect(read).toMatchObject({
    namespace: ['public'],
    group: ['DEFAULT_GROUP'],
    fetch_interval: 30_000,
    timeout: { connect: 2_000, read: 5_000 },
    services_only: false,
  });
});

test('namespaces and groups are one or several, each once; an empty name is the default', () => {
  const scopes = { namespace: ['', 'team', 'public'], group: 'G' };
  expect(nacosOptions.parse({ type: 'nacos', host: ['http://h'], ...scopes })).toMatchObject({
    namespace: ['public', 'team'],
    group: ['G'],
  });
});

test.each([
  ['http://h:8848', { url: 'http://h:8848' }],
  ['https://u:p@h/x/', { url: 'https://h/x', user: 'u', password: 'p' }],
  ['http://u:a@b:c/d+e&f@h', { url: 'http://h', user: 'u', password: 'a@b:c/d+e&f' }],
  ['http://u:a%40b%25@h', { url: 'http://h', user: 'u', password: 'a@b%' }],
  ['http://u:100%@h', { url: 'http://h', user: 'u', password: '100%' }],
  ['http://u@[::1]:81', { url: 'http://[::1]:81', user: 'u' }],
])('user and password of %s', (text, host) => {
  const { host: read } = nacosOptions.parse({ type: 'nacos', host: [text] });
  expect(read.map(readHost)).toEqual([host]);
});

test.each([
  ['/nacos/', '/nacos'],
  ['/nacos/v1/', '/nacos'],
  ['nacos', '/nacos'],
  ['/', ''],
  ['v1', ''],
  ['/a/b/v2', '/a/b'],
  ['/nacos-v1', '/nacos-v1'],
])('prefix %s', (given, prefix) => {
  expect(readPrefix(given)).toBe(prefix);
});

const source = { registry: 'n', server: 'http://h' };
const scope = { namespace: 'public', group: 'G' };
test.each<[string, readonly string[], readonly string[]]>([
  ['{service}', ['a', 'b', 'a'], ['a', 'b']],
  ['{registry}/{service}', ['n/a', 'm/a', 'n/', 'a'], ['a']],
  ['{namespace}.{group}.{service}.x', ['public.G.a.x', 'public.H.a.x', 'public.G.a.y', 'public.G.x'], ['a']],
  ['all', ['all', 'a'], []],
  ['{service}', ['with space', 'a@@b', '@a', 'http://h/v1/kv/x/'], ['http://h/v1/kv/x/']],
])('what is wanted by template %s', (template, names, services) => {
  expect(wantedServices(names, template, source, scope)).toEqual(services);
});
