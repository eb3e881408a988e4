import { once } from 'node:events';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../../src/config/secret.js';
import { displayName } from '../../../../src/discovery/http/display-name.js';
import { HttpClient } from '../../../../src/discovery/http/http-client.js';
import { eventually } from '../../../peers/eventually.js';
import { freePort } from '../../../peers/process.js';
import { HttpFake } from '../../../support/http-fake.js';

const BOUNDS = { maxAnswer: 1_048_576, answerTimeout: 60_000 };

let fake: HttpFake;
let client: HttpClient;

beforeEach(async () => {
  fake = await new HttpFake((_, response) => response.end('[1]')).start();
  client = new HttpClient(`http://user:p%40ss@${fake.host}/base/`, BOUNDS);
});

afterEach(async () => {
  await client.close();
  await fake.stop();
});

test('sends the base path, the query, the headers and Basic authentication', async () => {
  const answer = await client.get('/list', {
    query: { index: 7, wait: '60s' },
    headers: { 'x-consul-token': Secret.of('abc') },
    timeout: 2_000,
  });
  expect(answer.json()).toEqual([1]);
  const [request] = fake.requests;
  expect(`${request?.url.pathname}${request?.url.search}`).toBe('/base/list?index=7&wait=60s');
  expect(request?.headers['x-consul-token']).toBe('abc');
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
});

test('posts a form', async () => {
  let body = '';
  fake.answer = (request, response) => {
    request.on('data', (chunk) => (body += chunk)).on('end', () => response.end('{}'));
  };
  await client.post('/login', { username: 'nacos', password: Secret.of('a&b/c') }, { timeout: 2_000 });
  expect(body).toBe('username=nacos&password=a%26b%2Fc');
});

test('unpacks a compressed answer that nobody asked for', async () => {
  fake.answer = (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}'));
  expect((await client.get('/', { timeout: 2_000 })).json()).toEqual({ a: 1 });
});

test.each([
  [401, 'registry_refused'],
  [403, 'registry_refused'],
  [404, 'registry_bad_answer'],
  [301, 'registry_bad_answer'],
  [500, 'registry_bad_answer'],
])('status %i is %s', async (status, code) => {
  fake.answer = (_, response) => response.writeHead(status).end('some\n text');
  await expect(client.get('/x', { timeout: 2_000 })).rejects.toMatchObject({
    code,
    message: `GET ${fake.url}/base/x: status ${status}: some text`,
  });
});

test('an accepted status is an answer', async () => {
  fake.answer = (_, response) => response.writeHead(404, { 'x-consul-index': '9' }).end();
  const answer = await client.get('/', { timeout: 2_000, accept: (status) => status === 404 });
  expect(answer).toMatchObject({ status: 404, body: '', headers: { 'x-consul-index': '9' } });
});

test('broken JSON is a bad answer', async () => {
  fake.answer = (_, response) => response.end('<html>');
  const answer = await client.get('/', { timeout: 2_000 });
  expect(() => answer.json()).toThrowError(expect.objectContaining({ code: 'registry_bad_answer' }));
});

test('what speaks no HTTP is a bad answer', async () => {
  fake.answer = (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
  await expect(client.get('/', { timeout: 2_000 })).rejects.toMatchObject({ code: 'registry_bad_answer' });
});

test('nobody at the port is unreachable', async () => {
  const alone = new HttpClient(`http://127.0.0.1:${await freePort()}`, BOUNDS);
  await expect(alone.get('/', { timeout: 2_000 })).rejects.toMatchObject({ code: 'registry_unreachable' });
  await alone.close();
});

test('silence before and inside the answer is a timeout', async () => {
  fake.answer = () => undefined;
  await expect(client.get('/', { timeout: 100 })).rejects.toMatchObject({ code: 'registry_timeout' });
  fake.answer = (_, response) => response.write('[1,');
  await expect(client.get('/', { timeout: 100 })).rejects.toMatchObject({ code: 'registry_timeout' });
});

/** The same part for as long as somebody reads. */
function* endless(part: Buffer, sent: (bytes: number) => void): Generator<Buffer> {
  for (;;) {
    sent(part.length);
    yield part;
  }
}

const TOO_LARGE = { code: 'registry_bad_answer', message: expect.stringContaining('larger than max_answer') };

test('an answer without end is given up, and its connection closed', async () => {
  let sent = 0;
  let closed: Promise<unknown> | undefined;
  fake.answer = (_, response) => {
    closed = once(response, 'close');
    const parts = Readable.from(endless(Buffer.alloc(65_536, 32), (bytes) => (sent += bytes)));
    parts.pipe(response).on('close', () => parts.destroy());
  };
  await expect(client.get('/', { timeout: 2_000 })).rejects.toMatchObject(TOO_LARGE);
  await closed;
  expect(sent).toBeLessThan(64 * 1_048_576);
});

test('an answer that is as large as it may be is taken, one byte more is not', async () => {
  let size = BOUNDS.maxAnswer;
  fake.answer = (_, response) => response.end(Buffer.alloc(size, 32));
  expect((await client.get('/', { timeout: 2_000 })).body).toHaveLength(size);
  size += 1;
  await expect(client.get('/', { timeout: 2_000 })).rejects.toMatchObject(TOO_LARGE);
});

test('a gzip bomb is stopped while it is decompressed', async () => {
  // 16 GiB of zeros in 16 MiB.
  const part = gzipSync(Buffer.alloc(16 * 1_048_576));
  const bomb = Buffer.concat(Array.from({ length: 1_024 }, () => part));
  fake.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  const [before, began] = [process.memoryUsage().rss, performance.now()];
  await expect(client.get('/', { timeout: 2_000 })).rejects.toMatchObject(TOO_LARGE);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1_048_576);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test('an answer that is nested too deep is a bad answer, and is not parsed', async () => {
  fake.answer = (_, response) => response.end(`${'['.repeat(10_001)}${']'.repeat(10_001)}`);
  const answer = await client.get('/', { timeout: 5_000 });
  expect(() => answer.json()).toThrow(/nested deeper than 10000 levels/);
});

test('broken gzip is a bad answer', async () => {
  fake.answer = (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}').subarray(0, 15));
  await expect(client.get('/', { timeout: 2_000 })).rejects.toMatchObject({
    code: 'registry_bad_answer',
    message: expect.stringContaining('broken gzip'),
  });
});

test.each([
  ['body', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'],
  ['header', 'HTTP/1.1 200 OK\r\n'],
])('an answer whose %s comes drop by drop is given up', async (_, beginning) => {
  let closed: Promise<unknown> | undefined;
  fake.answer = ({ socket }) => {
    socket.write(beginning);
    const drops = setInterval(() => socket.write('a'), 10);
    closed = once(socket, 'close').finally(() => clearInterval(drops));
    socket.on('error', () => undefined);
  };
  const hasty = new HttpClient(fake.url, { ...BOUNDS, answerTimeout: 200 });
  const request = hasty.get('/', { timeout: 300 });
  await expect(request).rejects.toMatchObject({
    code: expect.stringMatching(/registry_(bad_answer|timeout)/),
  });
  await closed;
  await hasty.close();
});

test('an aborted signal ends the request', async () => {
  fake.answer = () => undefined;
  const life = new AbortController();
  const request = client.get('/', { timeout: 60_000, signal: life.signal });
  const failed = expect(request).rejects.toThrow();
  await eventually(() => expect(fake.requests).toHaveLength(1));
  life.abort();
  await failed;
});

test('no secret shows in an error, not even one that the server echoes', async () => {
  fake.answer = (request, response) =>
    response.writeHead(403).end(`no: ${JSON.stringify(request.headers)} ${request.url} p@ss`);
  const request = client.get('/x', {
    headers: { 'x-consul-token': Secret.of('tok-1') },
    query: { accessToken: Secret.of('tok-2') },
    timeout: 2_000,
  });
  const error = await request.catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('status 403');
  expect(JSON.stringify(error) + String(error)).not.toMatch(/tok-[12]|p@ss|p%40ss|Basic [A-Za-z0-9]/);
});

test('a secret at the place where the text is cut is not seen in part', async () => {
  fake.answer = (_, response) => response.writeHead(500).end(`${'x'.repeat(195)}tok-1-is-long`);
  const headers = { 'x-consul-token': Secret.of('tok-1-is-long') };
  const error = await client.get('/x', { headers, timeout: 2_000 }).catch((thrown: unknown) => thrown);
  expect(String(error)).not.toContain('tok');
  fake.answer = (_, response) => response.end('{"accessToken":"tok-2"');
  const answer = await client.get('/login', { timeout: 2_000 });
  expect(() => answer.json()).toThrowError(
    expect.objectContaining({ message: expect.not.stringContaining('tok') }),
  );
});

test('a display name has no user and no password', () => {
  expect(displayName('https://user:secret@[::1]:8501/base/?token=x')).toBe('https://[::1]:8501/base');
  expect(displayName('http://consul:8500')).toBe('http://consul:8500');
});
