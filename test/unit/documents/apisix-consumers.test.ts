import { createCipheriv, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { decryptWith } from '../../../src/documents/apisix/keyring.js';
import { reportOf } from '../../../src/documents/apisix/report.js';
import { ApisixTable } from '../../../src/documents/apisix/table.js';

const KEY = 'edd1c9f0985e76a2';
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();

function encrypted(text: string, key = KEY): string {
  const cipher = createCipheriv('aes-128-cbc', key, key);
  return Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
}

function outcomes(documents: Readonly<Record<string, unknown>>, keyring?: readonly string[]) {
  const table = new ApisixTable('/a/', keyring);
  for (const [key, document] of Object.entries(documents))
    table.change(key, typeof document === 'string' ? document : JSON.stringify(document));
  return Object.fromEntries(table.take().consumers);
}

const plugin = (name: string, options: object) =>
  outcomes({ 'consumers/a': { username: 'a', plugins: { [name]: options } } })['/a/consumers/a'];

test('what a consumer proves to be one by', () => {
  expect(plugin('key-auth', { key: 'k' })).toEqual({ consumer: { name: 'a', api_keys: ['k'] } });
  expect(plugin('basic-auth', { username: 'u', password: 'p' })).toEqual({
    consumer: { name: 'a', logins: [{ username: 'u', password: 'p' }] },
  });
  const token = (jwk: object, algorithm = 'HS256', leeway = 0) => ({
    consumer: { name: 'a', tokens: [{ key: 'c', algorithm, leeway, jwk }] },
  });
  expect(plugin('jwt-auth', { key: 'c', secret: 's', exp: 86_400 })).toEqual(token({ kty: 'oct', k: 'cw' }));
  expect(
    plugin('jwt-auth', {
      ...{ key: 'c', secret: 'cw==', base64_secret: true },
      ...{ algorithm: 'HS512', lifetime_grace_period: 5 },
    }),
  ).toEqual(token({ kty: 'oct', k: 'cw' }, 'HS512', 5));
  expect(plugin('jwt-auth', { key: 'c', algorithm: 'RS256', public_key: pem })).toMatchObject({
    consumer: { tokens: [{ algorithm: 'RS256', jwk: { kty: 'RSA', e: 'AQAB' } }] },
  });
});

test.each([
  ['key-auth', {}, 'key-auth: "key" is missing'],
  ['key-auth', { key: 'line\nbreak' }, 'key-auth: "key" cannot be sent in a header'],
  ['key-auth', { key: '$secret://vault/1/a' }, 'key-auth: "key" refers to a secret, which is not looked up'],
  ['key-auth', { key: '$ENV://KEY' }, 'key-auth: "key" refers to a secret, which is not looked up'],
  ['key-auth', { key: 'k', more: 1 }, 'key-auth: "more" is not carried over'],
  ['basic-auth', { username: 'u:v', password: 'p' }, 'basic-auth: "username" is no name of a user'],
  ['basic-auth', { username: 'u' }, 'basic-auth: "password" is missing'],
  ['jwt-auth', { secret: 's' }, 'jwt-auth: "key" is missing'],
  [
    'jwt-auth',
    { key: 'c', algorithm: 'none', secret: 's' },
    'jwt-auth: algorithm "none" is not carried over',
  ],
  [
    'jwt-auth',
    { key: 'c', algorithm: 'ES256', public_key: pem },
    'jwt-auth: "public_key" is no public key for ES256',
  ],
  ['limit-count', { count: 1 }, 'plugin "limit-count" of a consumer is not carried over'],
])('%s %j is rejected, and no reason tells a secret', (name, options, reason) => {
  expect(plugin(name, options)?.rejected).toContain(reason);
});

test('a broken document is told without an excerpt', () => {
  expect(outcomes({ 'consumers/a': '{"plugins": {"key-auth": {"key": topsecret}}}' })).toEqual({
    '/a/consumers/a': { rejected: 'the document is not valid JSON' },
  });
});

test('secrets are decrypted with the first key that fits; what is none stays as it is', () => {
  const key = (given: string, keyring?: readonly string[]) =>
    outcomes({ 'consumers/a': { plugins: { 'key-auth': { key: given } } } }, keyring)['/a/consumers/a']
      ?.consumer?.api_keys;
  expect(key(encrypted('of the second key'))).toEqual(['of the second key']);
  expect(key(encrypted('k', '0123456789abcdef'), [KEY, '0123456789abcdef'])).toEqual(['k']);
  expect(key('plain')).toEqual(['plain']);
  const unknown = encrypted('k', '0123456789abcdef');
  expect(key(unknown, ['another-key-of-1'])).toEqual([unknown]);
  expect(decryptWith([KEY])('')).toBeUndefined();
  expect(decryptWith([KEY])('AAAA')).toBeUndefined();
});

test('credentials are those of their consumer, and nothing without it', () => {
  const table = new ApisixTable('');
  const credential = { plugins: { 'key-auth': { key: 'k' } } };
  table.change('consumers/a/credentials/x', JSON.stringify(credential));
  expect([...table.take().consumers]).toEqual([
    ['consumers/a', undefined],
    ['consumers/a/credentials/x', undefined],
  ]);
  table.change('consumers/a', '{"username": "a"}');
  expect([...table.take().consumers]).toEqual([
    ['consumers/a', { consumer: { name: 'a' } }],
    ['consumers/a/credentials/x', { consumer: { name: 'a', api_keys: ['k'] } }],
  ]);
  table.change('consumers/a', '{"username": "a", "plugins": {"limit-req": {}}}');
  expect(table.take().consumers.get('consumers/a/credentials/x')).toEqual({
    rejected: 'its consumer is rejected',
  });
  table.change('consumers/a', undefined);
  expect([...table.take().consumers]).toEqual([
    ['consumers/a', undefined],
    ['consumers/a/credentials/x', undefined],
  ]);
});

test('a group counts with what it says', () => {
  const table = new ApisixTable('');
  table.change('consumers/a', '{"username": "a", "group_id": "g"}');
  expect(table.take().consumers.get('consumers/a')?.rejected).toBe(
    'consumer group "g": there is no such document',
  );
  table.change('consumer_groups/g', '{"plugins": {}}');
  expect(table.take().consumers.get('consumers/a')).toEqual({ consumer: { name: 'a' } });
  table.change('consumer_groups/g', '{"plugins": {"limit-count": {"count": 1}}}');
  expect(table.take().consumers.get('consumers/a')?.rejected).toContain('plugin "limit-count"');
});

test('the import reports consumers: carried, rejected, and one key twice', () => {
  const of = (key: string) => JSON.stringify({ plugins: { 'key-auth': { key } } });
  const documents = new Map([
    ['consumers/a', of('k')],
    ['consumers/b', of('k')],
    ['consumers/c', of('')],
    ['consumers/d/credentials/x', of('x')],
    ['consumer_groups/g', '{"plugins": {}}'],
  ]);
  expect(reportOf(documents)).toEqual([
    { id: 'consumers/a', state: 'carried' },
    { id: 'consumers/b', state: 'rejected', reason: 'an API key belongs to a consumer already' },
    { id: 'consumers/c', state: 'rejected', reason: expect.stringContaining('is missing') },
    { id: 'consumers/d/credentials/x', state: 'rejected', reason: 'it is of no consumer' },
  ]);
});

test('the name of the consumer is known beside a plugin that asks for it only', () => {
  const outcome = (plugins: object) => {
    const table = new ApisixTable('');
    table.change(
      'routes/1',
      JSON.stringify({ uri: '/a', plugins, upstream: { nodes: { '127.0.0.1:1': 1 } } }),
    );
    return table.take().routes.get('routes/1');
  };
  const named = {
    'proxy-rewrite': { headers: { set: { 'x-name': '$consumer_name' } } },
    'limit-count': { count: 1, time_window: 60, key: 'consumer_name' },
  };
  expect(outcome(named)?.rejected).toMatch(
    /consumer_name" is carried over only on routes with an authentication plugin/,
  );
  expect(outcome({ ...named, 'key-auth': {} })?.rules).toMatchObject([
    {
      auth: { api_key: { header: 'apikey', query: 'apikey' } },
      headers: { request: { set: { 'x-name': '%REQ(x-consumer-username)%' } } },
      rate_limit: { by: [{ header: 'x-consumer-username' }] },
    },
  ]);
});

test('a fault answers before anybody is asked who they are, a redirect after', () => {
  const table = new ApisixTable('');
  const plugins = {
    'key-auth': {},
    'fault-injection': { abort: { http_status: 418, vars: [['http_x', '==', '1']] } },
    redirect: { http_to_https: true },
  };
  table.change('routes/1', JSON.stringify({ uri: '/a', plugins, upstream: { nodes: { '127.0.0.1:1': 1 } } }));
  const { rules = [] } = table.take().routes.get('routes/1') ?? {};
  expect(
    rules.map(({ redirect, direct_response, auth }) => [
      redirect?.status ?? direct_response?.status,
      auth !== undefined,
    ]),
  ).toEqual([
    [301, true],
    [308, true],
    [418, false],
    [undefined, true],
  ]);
});
