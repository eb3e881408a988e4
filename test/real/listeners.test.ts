import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Echo, type Echoed } from '../support/echo.js';
import { Signalbox } from '../support/signalbox.js';
import { getOver, handshake, shownFor } from '../support/tls-client.js';

const LISTENERS = [
  ...[
    'public',
    'internal',
    'logged',
    'h2',
    'proxied',
    'strict',
    'loose',
    'tcp',
    'shares',
    'tls-tcp',
    'mixed',
  ],
] as const;
type Name = (typeof LISTENERS)[number];

let folder: string;
let certificates: Certificates;
let ca: string;
let secure: Server;
let signalbox: Signalbox;
let envoy: Envoy;
const echoes: Record<string, Echo> = {};
const ports = new Map<string, number>();
const portOf = (name: Name): number => ports.get(name) ?? 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-listeners-'));
  certificates = await Certificates.make(['localhost']);
  ca = readFileSync(certificates.ca, 'utf8');
  for (const name of ['one', 'two']) echoes[name] = await Echo.start(name);
  const own = await certificates.issue('inside', ['inside.example.com']);
  secure = createServer({ cert: readFileSync(own.cert), key: readFileSync(own.key) }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\ninside\n'));
  });
  await new Promise<void>((done) => secure.listen(0, '127.0.0.1', done));
  for (const name of LISTENERS) ports.set(name, await freePort());
  const address = secure.address();
  const at = (port: number) => [{ host: '127.0.0.1', port }];
  const services = {
    ...Object.fromEntries(Object.entries(echoes).map(([name, echo]) => [name, at(echo.port)])),
    secure: at(typeof address === 'object' && address !== null ? address.port : 0),
  };
  writeFileSync(join(folder, 'services.json'), JSON.stringify({ services }));
  const listener = (name: Name, more: object = {}) => ({
    name,
    address: `127.0.0.1:${portOf(name)}`,
    ...more,
  });
  const tls = { certificates: [certificates.server] };
  const format = '%REQ(:method)% %REQ(:path)% %RESPONSE_CODE% %UPSTREAM_CLUSTER% 100%%';
  signalbox = await Signalbox.start({
    discovery: { file: { path: join(folder, 'services.json') } },
    listeners: [
      listener('public'),
      listener('internal', { routes: [{ match: { prefix: '/own' }, service_name: 'two' }] }),
      listener('logged', {
        access_log: { path: join(folder, 'text.log'), format },
        server_name: 'signalbox test',
        use_remote_address: true,
        xff_num_trusted_hops: 1,
        per_connection_buffer_limit_bytes: 65_536,
        stat_prefix: 'other',
      }),
      listener('h2', { http_protocol: 'http2', http2: { max_concurrent_streams: 7 } }),
      listener('proxied', {
        proxy_protocol: true,
        use_remote_address: true,
        access_log: {
          path: join(folder, 'json.log'),
          json: { from: '%DOWNSTREAM_REMOTE_ADDRESS%', more: { code: '%RESPONSE_CODE%', n: 1 } },
        },
      }),
      listener('strict', {
        escaped_slashes: 'reject',
        max_request_headers_kb: 1,
        idle_timeout: '500ms',
        request_timeout: '1s',
        server_header_transformation: 'PASS_THROUGH',
      }),
      listener('loose', { normalize_path: false, merge_slashes: false, stream_idle_timeout: '5m' }),
      listener('tcp', { protocol: 'tcp', service_name: 'one', idle_timeout: '1h' }),
      listener('shares', {
        protocol: 'tcp',
        weighted: [
          { service_name: 'one', weight: 50 },
          { service_name: 'two', weight: 50 },
          { service_name: 'none', weight: 0 },
        ],
      }),
      listener('tls-tcp', { protocol: 'tcp', service_name: 'two', tls }),
      listener('mixed', {
        tls,
        tls_passthrough: [{ sni: ['inside.example.com'], service_name: 'secure' }],
      }),
    ],
    routes: [
      { match: { prefix: '/' }, service_name: 'one' },
      { match: { prefix: '/inside' }, service_name: 'two', listeners: ['internal', 'mixed'] },
    ],
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
});
afterAll(async () => {
  await envoy?.stop();
  await signalbox?.close();
  for (const echo of Object.values(echoes)) await echo.close();
  await new Promise((done) => secure?.close(done));
  certificates?.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly echoed: Echoed | undefined;
}

/** One request over a connection of its own, its path as it is written. */
async function ask(name: Name, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port: portOf(name), path, headers, agent: false });
    asked.on('error', reject);
    asked.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          echoed: text.startsWith('{') ? JSON.parse(text) : undefined,
        }),
      );
    });
    asked.end();
  });
}

/** What comes back over TCP until the other side ends it, or until `enough` has come. */
async function exchange(name: Name, text: string, enough = /\r\n\r\n[\s\S]*\}/): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: portOf(name) }, () => socket.write(text));
    let answer = '';
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.on('data', (chunk) => {
      answer += chunk;
      if (enough.test(answer)) socket.destroy();
    });
  });
}

describe('routes by listener', () => {
  test.each<[Name, string, string]>([
    ['public', '/inside', 'one'],
    ['internal', '/inside', 'two'],
    ['public', '/own', 'one'],
    ['internal', '/own', 'two'],
    ['internal', '/', 'one'],
  ])('at %s %s goes to %s', async (name, path, service) => {
    expect((await ask(name, path)).echoed?.service).toBe(service);
  });

  test('a changed route of one listener leaves the others alone', async () => {
    const updates = async () => {
      const stats = await envoy.stats('http.');
      return (name: string) => stats.get(`http.${name}.rds.${name}.update_success`);
    };
    const was = await updates();
    const file = JSON.parse(JSON.stringify(await configuration()));
    file.listeners[1].routes[0].service_name = 'one';
    signalbox.configure(file);
    await eventually(async () => expect((await ask('internal', '/own')).echoed?.service).toBe('one'), 20_000);
    const now = await updates();
    expect(now('internal')).toBe((was('internal') ?? 0) + 1);
    expect(now('public')).toBe(was('public'));
  });
});

describe('HTTP', () => {
  test('an access log of text, the name of the server, trusted hops', async () => {
    const { headers, echoed } = await ask('logged', '/a?b', {
      'x-forwarded-for': '203.0.113.7, 198.51.100.9',
    });
    expect(headers.server).toBe('signalbox test');
    expect(echoed?.headers['x-forwarded-for']).toMatch(/^203\.0\.113\.7, 198\.51\.100\.9,[\d.]+$/);
    expect(echoed?.headers['x-envoy-external-address']).toBe('198.51.100.9');
    await eventually(
      () => expect(readFileSync(join(folder, 'text.log'), 'utf8')).toContain('GET /a?b 200 one 100%\n'),
      20_000,
    );
    expect(
      (await envoy.stats('http.other.downstream_rq_2xx')).get('http.other.downstream_rq_2xx'),
    ).toBeGreaterThan(0);
  });

  test('the header of a proxy before it, and an access log of JSON', async () => {
    const answer = await exchange(
      'proxied',
      'PROXY TCP4 203.0.113.5 127.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    );
    expect(answer).toContain('"x-forwarded-for":"203.0.113.5"');
    await eventually(() => {
      const [line = ''] = readFileSync(join(folder, 'json.log'), 'utf8').split('\n');
      expect(JSON.parse(line)).toEqual({ from: '203.0.113.5:4711', more: { code: 200, n: 1 } });
    }, 20_000);
    expect(await exchange('proxied', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')).toBe('');
  });

  test('HTTP/2 without TLS, with a bound on streams', async () => {
    const session = connectHttp2(`http://127.0.0.1:${portOf('h2')}`);
    const most = await new Promise((resolve, reject) => {
      session.on('error', reject);
      session.on('remoteSettings', ({ maxConcurrentStreams }) => resolve(maxConcurrentStreams));
    });
    session.destroy();
    expect(most).toBe(7);
  });

  test('paths are made plain before they are matched', async () => {
    const path = async (name: Name, asked: string) => (await ask(name, asked)).echoed?.path;
    expect(await path('public', '/a//b/../c')).toBe('/a/c');
    expect(await path('loose', '/a//b/../c')).toBe('/a//b/../c');
    expect(await path('public', '/a%2Fb')).toBe('/a%2Fb');
    expect((await ask('strict', '/a%2Fb')).status).toBe(400);
  });

  test('bounds on headers and on idle connections; the server of the service', async () => {
    expect((await ask('strict', '/')).headers.server).toBeUndefined();
    expect((await ask('public', '/')).headers.server).toBe('envoy');
    expect((await ask('strict', '/', { 'x-long': 'a'.repeat(2_000) })).status).toBe(431);
    const never = /never/;
    expect(await exchange('strict', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', never)).toMatch(/ 200 /);
    expect(await exchange('strict', 'GET / HTTP/1.1\r\nhost:', never)).toMatch(/ 408 /);
  });
});

describe('TCP', () => {
  const GET = 'GET /tcp HTTP/1.1\r\nhost: a\r\n\r\n';

  test('to a service, and to several by weight', async () => {
    expect(await exchange('tcp', GET)).toContain('"service":"one"');
    const seen = new Set<string>();
    await eventually(async () => {
      seen.add(/"service":"(\w+)"/.exec(await exchange('shares', GET))?.[1] ?? '');
      expect([...seen].sort()).toEqual(['one', 'two']);
    }, 20_000);
  });

  test('with the end of TLS', async () => {
    const socket = await handshake(portOf('tls-tcp'), { ca, servername: 'localhost' });
    expect(await getOver(socket, 'a').catch(String)).toContain(' 200 OK');
    socket.destroy();
  });

  test('TLS passes through by name, beside what ends it', async () => {
    expect(await shownFor(portOf('mixed'), 'inside.example.com', { ca })).toBe('inside');
    expect(await shownFor(portOf('mixed'), 'localhost', { ca })).toBe('server');
    const socket = await handshake(portOf('mixed'), { ca, servername: 'inside.example.com' });
    expect(await getOver(socket, 'a')).toContain('inside');
    socket.destroy();
  });
});

test('Envoy rejected nothing, and every listener is there', async () => {
  const stats = await envoy.stats();
  const rejected = [...stats].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  expect(stats.get('listener_manager.total_listeners_active')).toBe(LISTENERS.length);
});

/** What stands in the file now. */
async function configuration(): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(readFileSync(signalbox.file, 'utf8'));
}
