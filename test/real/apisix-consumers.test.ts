import { createCipheriv, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Certificates, type KeyPair } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Echo, type Echoed } from '../support/echo.js';
import { Signalbox } from '../support/signalbox.js';

let etcd: Etcd;
let signalbox: Signalbox;
let envoy: Envoy;
let echo: Echo;
let port: number;
let tlsPort: number;
let certificates: Certificates;
const agent = new Agent({ connections: 4 });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = ({ publicKey }: typeof rsa) => publicKey.export({ format: 'pem', type: 'spki' });

/** As APISIX writes secrets by default. */
function encrypted(text: string): string {
  const cipher = createCipheriv('aes-128-cbc', 'qeddd145sfvddff3', 'qeddd145sfvddff3');
  return Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
}

const consumers = (): Readonly<Record<string, object>> => ({
  jack: {
    username: 'jack',
    plugins: {
      'key-auth': { key: 'key-of-jack' },
      'basic-auth': { username: 'login-of-jack', password: 'password-of-jack' },
      'jwt-auth': { key: 'claim-of-jack', secret: 'secret-of-jack', algorithm: 'HS256' },
    },
  },
  jill: {
    username: 'jill',
    plugins: {
      'key-auth': { key: encrypted('key-of-jill') },
      'basic-auth': { username: 'jill', password: encrypted('password-of-jill') },
      'jwt-auth': { key: 'claim-of-jill', algorithm: 'RS256', public_key: pem(rsa) },
    },
  },
  joe: { username: 'joe' },
  'joe/credentials/one': { plugins: { 'key-auth': { key: 'key-of-joe' } } },
  'joe/credentials/two': {
    plugins: { 'jwt-auth': { key: 'claim-of-joe', algorithm: 'ES256', public_key: pem(elliptic) } },
  },
});

const routes: Readonly<Record<string, object>> = {
  open: {},
  key: { 'key-auth': {} },
  hidden: { 'key-auth': { header: 'X-Key', query: 'k', hide_credentials: true } },
  authorization: { 'key-auth': { header: 'Authorization' } },
  basic: { 'basic-auth': {} },
  'basic-hidden': { 'basic-auth': { hide_credentials: true } },
  jwt: { 'jwt-auth': {} },
  'jwt-hidden': {
    'jwt-auth': { header: 'x-jwt', query: 'q', cookie: 'c', key_claim_name: 'iss', hide_credentials: true },
  },
  both: { 'key-auth': {}, 'basic-auth': {} },
  counted: { 'key-auth': {}, 'limit-count': { count: 1, time_window: 3_600, key: 'consumer_name' } },
  redirected: { 'key-auth': {}, redirect: { uri: '/open' } },
};

beforeAll(async () => {
  echo = await Echo.start('one');
  certificates = await Certificates.make(['a.test']);
  etcd = await Etcd.start();
  await etcd.client.putAll([
    ...Object.entries(consumers()).map(([name, one]) => [`/apisix/consumers/${name}`, one] as const),
    ...Object.entries(routes).map(
      ([name, plugins]) =>
        [
          `/apisix/routes/${name}`,
          {
            uri: `/${name}`,
            plugins,
            upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${echo.port}`]: 1 } },
          },
        ] as const,
    ),
  ]);
  port = await freePort();
  tlsPort = await freePort();
  signalbox = await Signalbox.start({
    routes_from: { apisix: { endpoints: [`http://127.0.0.1:${etcd.port}`] } },
    listeners: [
      { name: 'http', address: `127.0.0.1:${port}` },
      { name: 'https', address: `127.0.0.1:${tlsPort}`, tls: { documents: true } },
    ],
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  await eventually(async () => expect((await ask('/open')).status).toBe(200));
});

afterAll(async () => {
  await agent.destroy();
  await envoy?.stop();
  await signalbox?.close();
  await etcd?.close();
  await echo?.close();
  certificates?.remove();
});

async function ask(path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { dispatcher: agent, headers });
  const text = await answer.body.text();
  const seen: Echoed | undefined = text.startsWith('{') ? JSON.parse(text) : undefined;
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    seen,
    consumer: seen?.headers['x-consumer-username'],
  };
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const encoded = (value: object | Uint8Array) =>
  Buffer.from(value instanceof Uint8Array ? value : JSON.stringify(value)).toString('base64url');

function token(payload: object, alg: string, signature: (text: string) => Uint8Array): string {
  const text = `${encoded({ alg, typ: 'JWT' })}.${encoded(payload)}`;
  return `${text}.${encoded(signature(text))}`;
}
const byJack = (payload: object, secret = 'secret-of-jack') =>
  token(payload, 'HS256', (text) => createHmac('sha256', secret).update(text).digest());
const byJill = (payload: object) =>
  token(payload, 'RS256', (text) => sign('sha256', Buffer.from(text), rsa.privateKey));
const byJoe = (payload: object) =>
  token(payload, 'ES256', (text) =>
    sign('sha256', Buffer.from(text), { key: elliptic.privateKey, dsaEncoding: 'ieee-p1363' }),
  );

test('every document is in force, and nothing shows a secret', async () => {
  const shown =
    await signalbox.get<Record<'routes' | 'consumers', { id: string; state: string; reason?: string }[]>>(
      '/routes',
    );
  expect([...shown.routes, ...shown.consumers].filter(({ state }) => state !== 'in_force')).toEqual([]);
  expect(shown.consumers).toHaveLength(Object.keys(consumers()).length);
  const dump = await signalbox.get('/config_dump');
  for (const text of [shown, dump].map((one) => JSON.stringify(one)))
    expect(text).not.toMatch(/(key|password|secret)-of/);
});

test('key-auth: a key in a header or a parameter, with the name of the consumer', async () => {
  expect((await ask('/open', { 'x-consumer-username': 'own' })).consumer).toBe('own');
  expect((await ask('/key')).status).toBe(401);
  expect((await ask('/key', { apikey: 'key-of-jack' })).consumer).toBe('jack');
  expect((await ask('/key?apikey=key-of-jill', { 'x-consumer-username': 'jack' })).consumer).toBe('jill');
  expect((await ask('/key', { apikey: 'key-of-joe' })).consumer).toBe('joe');
  expect((await ask('/key', { apikey: 'key-of-joe2' })).status).toBe(401);
  expect((await ask('/key', { apikey: 'key-of-jac' })).status).toBe(401);
  expect((await ask('/key', { apikey: '' })).status).toBe(401);
  expect((await ask('/hidden', { apikey: 'key-of-jack' })).status).toBe(401);
  const { seen } = await ask('/hidden?a=b&k=key-of-jack');
  expect(seen?.path).toBe('/hidden?a=b');
  const { seen: other } = await ask('/hidden', { 'x-key': 'key-of-jack' });
  expect(other?.headers).not.toHaveProperty('x-key');
  expect((await ask('/authorization', { authorization: 'key-of-jack' })).consumer).toBe('jack');
});

test('basic-auth', async () => {
  expect(await ask('/basic')).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': expect.stringMatching(/^Basic /) },
  });
  expect((await ask('/basic', basic('login-of-jack', 'password-of-jack'))).consumer).toBe('jack');
  expect((await ask('/basic', basic('jill', 'password-of-jill'))).consumer).toBe('jill');
  expect((await ask('/basic', basic('login-of-jack', 'password-of-jill'))).status).toBe(401);
  expect((await ask('/basic', basic('jack', 'password-of-jack'))).status).toBe(401);
  expect((await ask('/basic', basic('joe', ''))).status).toBe(401);
  const { seen } = await ask('/basic-hidden', basic('jill', 'password-of-jill'));
  expect(seen?.headers).not.toHaveProperty('authorization');
});

test('jwt-auth: signed by the consumer that the token names, in a header, a parameter or a cookie', async () => {
  const own = byJack({ key: 'claim-of-jack' });
  expect((await ask('/jwt')).status).toBe(401);
  expect((await ask('/jwt', { authorization: `Bearer ${own}` })).consumer).toBe('jack');
  expect((await ask('/jwt', { authorization: `bearer ${own}` })).consumer).toBe('jack');
  expect((await ask('/jwt', { authorization: own })).consumer).toBe('jack');
  expect((await ask(`/jwt?jwt=${byJill({ key: 'claim-of-jill' })}`)).consumer).toBe('jill');
  expect((await ask('/jwt', { cookie: `a=b; jwt=${byJoe({ key: 'claim-of-joe' })}` })).consumer).toBe('joe');
  const now = Math.floor(Date.now() / 1_000);
  const refused = [
    byJack({ key: 'claim-of-jack' }, 'another'),
    byJack({ key: 'claim-of-jill' }),
    byJack({ key: 'claim-of-nobody' }),
    byJack({}),
    byJack({ key: ['claim-of-jack'] }),
    byJack({ key: 'claim-of-jack', exp: now - 5 }),
    byJack({ key: 'claim-of-jack', nbf: now + 60 }),
    byJack({ iss: 'claim-of-jack' }),
    `${encoded({ alg: 'none' })}.${encoded({ key: 'claim-of-jack' })}.`,
    // Signed with the public key as if it were a secret.
    token({ key: 'claim-of-jill' }, 'HS256', (text) => createHmac('sha256', pem(rsa)).update(text).digest()),
    'a.b.c',
  ];
  for (const one of refused)
    expect([one, (await ask('/jwt', { authorization: `Bearer ${one}` })).status]).toEqual([one, 401]);
  expect(
    (await ask('/jwt', { authorization: `Bearer ${byJack({ key: 'claim-of-jack', exp: now + 60 })}` }))
      .status,
  ).toBe(200);
});

test('jwt-auth by another claim, hidden', async () => {
  const own = byJill({ iss: 'claim-of-jill' });
  expect((await ask('/jwt-hidden', { authorization: own })).status).toBe(401);
  const { seen, consumer } = await ask('/jwt-hidden', { 'x-jwt': own });
  expect(consumer).toBe('jill');
  expect(seen?.headers).not.toHaveProperty('x-jwt');
  expect((await ask(`/jwt-hidden?a=b&q=${own}`)).seen?.path).toBe('/jwt-hidden?a=b');
});

test('two of them; a limit for each consumer; no redirect without a key', async () => {
  const login = basic('jill', 'password-of-jill');
  expect((await ask('/both', login)).status).toBe(401);
  expect((await ask('/both', { apikey: 'key-of-jill' })).status).toBe(401);
  expect((await ask('/both', { ...login, apikey: 'key-of-jill' })).status).toBe(200);
  const statuses: number[] = [];
  for (const apikey of ['key-of-jack', 'key-of-jack', 'key-of-jill', 'no'])
    statuses.push((await ask('/counted', { apikey })).status);
  expect(statuses).toEqual([200, 503, 200, 401]);
  expect((await ask('/redirected')).status).toBe(401);
  expect((await ask('/redirected', { apikey: 'key-of-jack' })).status).toBe(302);
});

test('a consumer that changes, goes and comes is followed, and the listener stays', async () => {
  const before = (await envoy.stats('listener_manager.')).get('listener_manager.listener_modified');
  const put = async (name: string, one: object) => etcd.client.putAll([[`/apisix/consumers/${name}`, one]]);
  const status = async (apikey: string) => (await ask('/key', { apikey })).status;
  await put('new', { username: 'new', plugins: { 'key-auth': { key: 'key-of-new' } } });
  await eventually(async () => expect(await status('key-of-new')).toBe(200));
  await put('new', { username: 'new', plugins: { 'key-auth': { key: 'key-of-new-2' } } });
  await eventually(async () => expect(await status('key-of-new')).toBe(401));
  expect((await ask('/key', { apikey: 'key-of-new-2' })).consumer).toBe('new');
  await etcd.client.delete('/apisix/consumers/new');
  await eventually(async () => expect(await status('key-of-new-2')).toBe(401));
  await etcd.client.delete('/apisix/consumers/joe');
  await eventually(async () => expect(await status('key-of-joe')).toBe(401));
  expect((await ask('/jwt', { authorization: byJoe({ key: 'claim-of-joe' }) })).status).toBe(401);
  expect((await envoy.stats('listener_manager.')).get('listener_manager.listener_modified')).toBe(before);
});

test('two consumers with one key: the first counts, and the other is told to be rejected', async () => {
  await etcd.client.putAll([
    ['/apisix/consumers/zoe', { username: 'zoe', plugins: { 'key-auth': { key: 'key-of-jack' } } }],
  ]);
  await eventually(async () => {
    const { consumers: all } = await signalbox.get<{ consumers: { id: string; reason?: string }[] }>(
      '/routes',
    );
    expect(all.find(({ id }) => id.endsWith('/zoe'))?.reason).toBe(
      'an API key belongs to a consumer already',
    );
  });
  expect((await ask('/key', { apikey: 'key-of-jack' })).consumer).toBe('jack');
});

/** The subject of the certificate that is shown for a name, or why there is none. */
async function shownFor(servername: string): Promise<string> {
  return await new Promise<string>((done) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port: tlsPort, servername, rejectUnauthorized: false },
    });
    let subject = 'none';
    socket.on('secureConnect', () => {
      subject = String(socket.getPeerCertificate().subject?.CN);
      socket.write('GET /open HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => done(answer.includes('200 OK') ? subject : 'none'));
  });
}

test('ssls: by SNI, a wildcard, an encrypted key; renewed and removed', async () => {
  const pem = (path: string) => readFileSync(path, 'utf8');
  const ssl = ({ cert, key }: KeyPair, snis: readonly string[], more: object = {}) => ({
    ...{ cert: pem(cert), key: pem(key), snis, status: 1, type: 'server' },
    ...more,
  });
  const other = await certificates.issue('other', ['b.test']);
  await etcd.client.putAll([
    ['/apisix/ssls/1', ssl(certificates.server, ['a.test'])],
    ['/apisix/ssls/2', { ...ssl(other, ['b.test', '*.c.test']), key: encrypted(pem(other.key)) }],
    ['/apisix/ssls/3', ssl(other, ['d.test'], { client: { ca: pem(certificates.ca), depth: 1 } })],
    ['/apisix/ssls/4', ssl(other, ['e.test'], { status: 0 })],
    ['/apisix/ssls/5', ssl(other, ['a.test'])],
    ['/apisix/ssls/6', { ...ssl(other, ['f.test']), key: pem(certificates.server.key) }],
  ]);
  await eventually(async () => expect(await shownFor('a.test')).toBe('server'));
  await eventually(async () => expect(await shownFor('b.test')).toBe('other'));
  expect(await shownFor('x.c.test')).toBe('other');
  for (const name of ['c.test', 'd.test', 'e.test', 'f.test'])
    expect([name, await shownFor(name)]).toEqual([name, 'none']);
  const text = JSON.stringify(await signalbox.get('/certificates'));
  expect(text).not.toContain('PRIVATE KEY');
  expect(text).toContain('another document has certificates for \\"a.test\\" already');
  expect(text).toContain('the private key belongs to another certificate');
  const modified = async () =>
    (await envoy.stats('listener_manager.')).get('listener_manager.listener_modified');
  const before = await modified();
  await etcd.client.putAll([
    ['/apisix/ssls/1', ssl(await certificates.issue('renewed', ['a.test']), ['a.test'])],
  ]);
  await eventually(async () => expect(await shownFor('a.test')).toBe('renewed'));
  expect(await modified()).toBe(before);
  await etcd.client.delete('/apisix/ssls/2');
  await eventually(async () => expect(await shownFor('b.test')).toBe('none'));
  expect(await shownFor('a.test')).toBe('renewed');
  expect(JSON.stringify(await signalbox.get('/config_dump'))).not.toContain('b.test');
});

test('Envoy rejected nothing', async () => {
  const rejected = [...(await envoy.stats())].filter(
    ([name, value]) => /(update_rejected|config_fail|update_failure)$/.test(name) && value !== 0,
  );
  expect(rejected).toEqual([]);
});
