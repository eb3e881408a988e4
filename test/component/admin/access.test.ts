import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_PATHS } from '../../../src/admin/openapi/paths.js';
import { startApp } from '../../../src/app/start.js';
import type { Address } from '../../../src/model/address.js';
import { Relay } from '../../../src/relay/relay.js';
import { freePort } from '../../peers/process.js';
import { configOf } from '../../support/configuration.js';

const logger = pino({ level: 'silent' });
const ANY: Address = { host: '127.0.0.1', port: 0 };
const TOKEN = 's3cret';
const HIDDEN = 'hidden-registry';

/** Each needs an admin API; what it follows never answers. */
const KINDS = ['signalbox', 'relay'] as const;
type Kind = (typeof KINDS)[number];

interface Running {
  readonly adminAddress: string;
  stop(): Promise<void>;
}

let folder: string;
let silent: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'access-'));
  silent = await freePort();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(kind: Kind, listen: Address, token?: string): Promise<Running> {
  const tokenFile = join(folder, `${kind}-token`);
  if (token !== undefined) writeFileSync(tokenFile, token);
  if (kind === 'signalbox') {
    const servers = [`http://127.0.0.1:${silent}`];
    const config = configOf({
      xds: { listen: '127.0.0.1:0' },
      discovery: { [HIDDEN]: { type: 'consul', servers } },
    });
    const admin = { listen, ...(token !== undefined && { token_file: tokenFile }) };
    return await startApp({ ...config, admin }, { logger });
  }
  const upstream = {
    address: `127.0.0.1:${silent}`,
    node: { id: HIDDEN, cluster: '' },
    tls: { ca: join(folder, HIDDEN) },
  };
  return await Relay.start(
    { upstream, xds: ANY, admin: { listen, ...(token !== undefined && { token_file: tokenFile }) } },
    logger,
  );
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

async function ask(address: string, path: string, headers: object = {}, method = 'GET'): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const url = `http://${address}${path}`;
    const sent = request(url, { method, headers: { ...headers }, agent: false }, (response) => {
      let text = '';
      const done = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.on('data', (chunk) => {
        text += chunk;
        // Server-sent events never end.
        if (text.startsWith('retry:')) {
          done();
          response.destroy();
        }
      });
      response.on('end', done);
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const site = (name: string, more: object = {}) => ({ 'sec-fetch-site': name, ...more });
const NAVIGATION = site('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
const FRAME = site('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' });

type Row = readonly [request: string, headers: object, withoutToken: number, withToken: number];

/** Method and path, headers; the status where no token is configured, and where one is. */
const TABLE: readonly Row[] = [
  ['GET /healthz', {}, 200, 200],
  ['GET /readyz', {}, 503, 503],
  ['GET /proxies', {}, 200, 401],
  ['GET /proxies', bearer(TOKEN), 200, 200],
  ['GET /proxies', bearer('guess'), 200, 401],
  ['HEAD /proxies', {}, 200, 401],
  ['GET /snapshots', {}, 200, 401],
  ['GET /nothing', {}, 404, 401],
  ['GET /nothing', bearer(TOKEN), 404, 404],
  ['GET /readyz/', {}, 404, 401],
  ['GET //readyz', {}, 404, 401],
  ['OPTIONS /proxies', { 'access-control-request-method': 'GET' }, 404, 401],
  ['OPTIONS /healthz', {}, 404, 404],
  ['POST /proxies', bearer(TOKEN), 404, 404],
  ['DELETE /proxies', {}, 404, 401],
  // A name that somebody else's DNS points here.
  ['GET /proxies', { host: 'evil.example:18001' }, 403, 401],
  ['GET /proxies', { host: 'evil.example:18001', ...bearer(TOKEN) }, 403, 200],
  ['GET /proxies', { host: 'localhost:18001', ...bearer(TOKEN) }, 200, 200],
  ['GET /proxies', { host: '[::1]:18001', ...bearer(TOKEN) }, 200, 200],
  ['POST /unpin', { host: 'evil.example:18001' }, 403, 401],
  // Where a browser says that the request comes from.
  ['GET /proxies', { ...bearer(TOKEN), ...site('same-origin') }, 200, 200],
  ['GET /proxies', { ...bearer(TOKEN), ...site('none') }, 200, 200],
  ['GET /proxies', { ...bearer(TOKEN), ...site('same-site') }, 403, 403],
  ['GET /proxies', { ...bearer(TOKEN), ...site('cross-site') }, 403, 403],
  ['GET /proxies', { ...bearer(TOKEN), ...site('sideways') }, 403, 403],
  ['GET /proxies', { ...bearer(TOKEN), ...NAVIGATION }, 403, 403],
  ['GET /proxies', { ...bearer(TOKEN), origin: 'http://evil.example' }, 403, 403],
  ['GET /proxies', { ...bearer(TOKEN), origin: 'null' }, 403, 403],
  ['GET /healthz', site('cross-site'), 403, 403],
  ['GET /readyz', site('same-site'), 403, 403],
  ['POST /unpin', { ...bearer(TOKEN), ...site('cross-site') }, 403, 403],
  ['POST /', NAVIGATION, 403, 403],
  ['GET /', FRAME, 403, 403],
  ['GET /page.js', site('cross-site', { 'sec-fetch-dest': 'script' }), 403, 403],
];

const HEADERS = {
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

describe.each(KINDS)('%s', (kind) => {
  let open: Running;
  let guarded: Running;
  beforeAll(async () => {
    [open, guarded] = await Promise.all([start(kind, ANY), start(kind, ANY, TOKEN)]);
  });
  afterAll(() => Promise.all([open?.stop(), guarded?.stop()]));

  test.each(TABLE)('%s %j: %i without a token, %i where there is one', async (...row: Row) => {
    const [line, headers, ...expected] = row;
    const [method = '', path = ''] = line.split(' ');
    const answers = [
      await ask(open.adminAddress, path, headers, method),
      await ask(guarded.adminAddress, path, headers, method),
    ];
    expect(answers.map(({ status }) => status)).toEqual(expected);
    for (const answer of answers) {
      expect(answer.headers).toMatchObject(HEADERS);
      expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('every path of the API carries the headers, event streams too; those that show something want the token', async () => {
    for (const { method, path, open: isOpen } of API_PATHS) {
      const line = `${method} ${path}`;
      for (const headers of [{}, bearer(TOKEN)]) {
        const answer = await ask(guarded.adminAddress, path, headers, method.toUpperCase());
        expect(answer.headers, line).toMatchObject(HEADERS);
        expect(answer.headers['content-security-policy'], line).toContain("frame-ancestors 'none'");
        if ('authorization' in headers || isOpen === true) expect(answer.status, line).not.toBe(401);
        else expect(answer.status, line).toBe(401);
      }
    }
  });

  test('a link from another site opens the page, which holds nothing', async () => {
    const { status, text } = await ask(guarded.adminAddress, '/', NAVIGATION);
    // The page is there once it is built; a relay has none.
    expect([200, 404]).toContain(status);
    expect(text).not.toContain(HIDDEN);
  });

  test('/readyz tells paths and names to those who may know', async () => {
    const [stranger, known, local] = [
      await ask(guarded.adminAddress, '/readyz'),
      await ask(guarded.adminAddress, '/readyz', bearer(TOKEN)),
      await ask(open.adminAddress, '/readyz'),
    ];
    const rebound = await ask(open.adminAddress, '/readyz', { host: 'evil.example' });
    for (const { text, status } of [known, local])
      expect([status, text]).toEqual([503, expect.stringContaining(HIDDEN)]);
    for (const { text, status } of [stranger, rebound]) {
      expect([status, text]).toEqual([503, expect.stringContaining('"reason":"waiting for ')]);
      expect(text).not.toContain(HIDDEN);
      expect(text).not.toContain(String(silent));
    }
  });

  test('what HTTP itself refuses carries the headers too', async () => {
    const port = Number(open.adminAddress.split(':').at(-1));
    const head = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
    for (const [text, status] of [
      ['nonsense\r\n\r\n', 400],
      ['GET /healthz HTTP/1.1\r\n\r\n', 400],
      ['GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
      ['GET \\evil HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
      [`${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      [`${head}Expect: the-unexpected\r\n\r\n`, 417],
      [`${head}Content-Length: 100000\r\n\r\n`, 413],
      [`${head}Transfer-Encoding: chunked\r\n\r\n`, 413],
    ] as const) {
      const said = await raw(port, text);
      expect(said.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      for (const [name, value] of Object.entries(HEADERS))
        expect(said.toLowerCase(), text.slice(0, 60)).toContain(`${name}: ${value}`);
    }
  });

  test('beyond loopback it does not start without a token', async () => {
    const exposed = { host: '0.0.0.0', port: 0 };
    await expect(start(kind, exposed)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/beyond loopback the admin API needs .*token/),
    });
    await (await start(kind, exposed, TOKEN)).stop();
  });
});

/** Everything that comes before the connection ends, or half a second of it. */
async function raw(port: number, text: string): Promise<string> {
  return await new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const done = () => {
      socket.destroy();
      resolve(said);
    };
    socket.on('data', (chunk) => {
      said += chunk;
      if (said.includes('\r\n\r\n')) done();
    });
    socket.on('error', done);
    socket.on('close', done);
  });
}
