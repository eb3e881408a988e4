import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { guard } from '../../../src/admin/guard.js';
import { adminOptions, adminProblem } from '../../../src/config/admin-options.js';
import { Secret } from '../../../src/config/secret.js';

function app(token: Secret | undefined): Hono {
  const hono = new Hono();
  hono.use(guard(() => token));
  hono.all('*', (c) => c.json({}));
  hono.onError((_, c) => c.json({}, 500));
  return hono;
}

async function status(
  token: Secret | undefined,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
) {
  return (await app(token).request(path, { headers, method })).status;
}

test.each([
  ['Bearer s3cret', 200],
  ['bearer s3cret', 200],
  ['Bearer s3cret2', 401],
  ['Bearer ', 401],
  ['Bearer', 401],
  ['Basic s3cret', 401],
  ['s3cret', 401],
  ['', 401],
])('with a token, "%s" is answered by %i', async (authorization, expected) => {
  expect(await status(Secret.of('s3cret'), '/services', { authorization })).toBe(expected);
});

test('the page, its description and probes need no token', async () => {
  for (const path of ['/', '/page.js', '/page.css', '/openapi.json', '/healthz', '/readyz'])
    expect(await status(Secret.of('s3cret'), path)).toBe(200);
  for (const path of ['/metrics', '/events', '/services/page.js', '/config_dump'])
    expect(await status(Secret.of('s3cret'), path)).toBe(401);
});

test('an empty token lets nobody in, an unreadable one fails, a new one counts at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'));
  try {
    const file = join(folder, 'token');
    const token = Secret.fromFile(file);
    expect(await status(token, '/services', { authorization: 'Bearer x' })).toBe(500);
    writeFileSync(file, '\n');
    expect(await status(token, '/services', { authorization: 'Bearer ' })).toBe(401);
    writeFileSync(file, 'first\n');
    const fresh = Secret.fromFile(file);
    expect(await status(fresh, '/services', { authorization: 'Bearer first' })).toBe(200);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['localhost:18001', 200],
  ['127.0.0.1:18001', 200],
  ['[::1]:18001', 200],
  ['evil.example:18001', 403],
])('without a token, as %s: %i', async (host, expected) => {
  expect(await status(undefined, '/services', { host })).toBe(expected);
});

test.each([
  ['the page itself', { origin: 'http://127.0.0.1:18001', 'sec-fetch-site': 'same-origin' }, 200],
  ['the page as localhost', { origin: 'http://localhost:18001', host: 'localhost:18001' }, 200],
  ['the page over IPv6', { origin: 'http://[::1]:18001', host: '[::1]:18001' }, 200],
  ['a page of another site', { origin: 'http://evil.example' }, 403],
  ['a page without an origin', { origin: 'null' }, 403],
  ['another port of this host', { origin: 'http://127.0.0.1:8080' }, 403],
  ['a form of another site', { 'sec-fetch-site': 'cross-site' }, 403],
  [
    'a name that was made to point here',
    { origin: 'http://evil.example:18001', host: 'evil.example:18001', 'sec-fetch-site': 'same-origin' },
    403,
  ],
])('%s, %j: %i', async (_who, headers: Readonly<Record<string, string>>, expected) => {
  for (const method of ['GET', 'POST']) {
    const all = { host: '127.0.0.1:18001', ...headers };
    expect(await status(undefined, '/unpin', all, method)).toBe(expected);
  }
});

test('behind a name of its own the page works with the token', async () => {
  const headers = { origin: 'https://signalbox.internal', host: 'signalbox.internal' };
  const all = { ...headers, 'sec-fetch-site': 'same-origin', authorization: 'Bearer s3cret' };
  for (const method of ['GET', 'POST'])
    expect(await status(Secret.of('s3cret'), '/unpin', all, method)).toBe(200);
});

test.each([
  [{}, true],
  [{ listen: 'localhost:1' }, true],
  [{ listen: '127.8.0.1:1' }, true],
  [{ listen: '[::1]:1' }, true],
  [{ listen: '0.0.0.0:1' }, false],
  [{ listen: '[::]:1' }, false],
  [{ listen: '10.0.0.1:1', token: '' }, false],
  [{ listen: '0.0.0.0:1', token: 's3cret' }, true],
  [{ listen: '0.0.0.0:1', token_file: '/run/secrets/token' }, true],
])('%j may be served: %s', (options, allowed) => {
  const problem = adminProblem(adminOptions.parse(options));
  if (allowed) expect(problem).toBeUndefined();
  else expect(problem).toContain('"admin.token"');
});
