import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { Certificates, type KeyPair } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { connect, deserialize, serialize } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';
import { getOver, handshake, http2Status, shownFor } from '../support/tls-client.js';

let backend: Backend;
let certificates: Certificates;
let ca: string;
const issued: Record<string, KeyPair> = {};
const pair = (name: string): KeyPair => {
  const found = issued[name];
  if (found === undefined) throw new Error(`no certificate ${name}`);
  return found;
};

beforeAll(async () => {
  backend = await Backend.start('one');
  certificates = await Certificates.make();
  ca = readFileSync(certificates.ca, 'utf8');
  for (const name of ['first', 'second', 'third', 'api', 'wild', 'late'])
    issued[name] = await certificates.issue(name, ['localhost', 'api.example.com', '*.example.org']);
});
afterAll(async () => {
  await backend?.close();
  certificates?.remove();
});

describe.each(['delta', 'sotw'] as const)('%s', (mode) => {
  let folder: string;
  let signalbox: Signalbox;
  let envoy: Envoy;
  const ports: Record<string, number> = {};
  const port = (name: string): number => ports[name] ?? 0;
  const trust = () => ({ ca });

  /** What Kubernetes does: a folder with both files, swapped by a symlink above it. */
  const mount = (name: string) => {
    const version = join(folder, `..${name}`);
    mkdirSync(version);
    copyFileSync(pair(name).cert, join(version, 'tls.crt'));
    copyFileSync(pair(name).key, join(version, 'tls.key'));
    symlinkSync(version, join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
  };
  const configuration = (more: object = {}) => ({
    xds: { listen: '127.0.0.1:0' },
    admin: { listen: '127.0.0.1:0' },
    discovery: { file: { path: join(folder, 'services.json') } },
    listeners: [
      {
        name: 'renewed',
        address: `127.0.0.1:${port('renewed')}`,
        tls: {
          certificates: [{ cert: join(folder, '..data/tls.crt'), key: join(folder, '..data/tls.key') }],
        },
        ...more,
      },
      {
        name: 'names',
        address: `127.0.0.1:${port('names')}`,
        tls: {
          certificates: [
            { ...pair('api'), hosts: ['api.example.com'] },
            { ...pair('wild'), hosts: ['*.example.org'] },
            certificates.server,
          ],
        },
      },
      {
        name: 'mutual',
        address: `127.0.0.1:${port('mutual')}`,
        http_protocol: 'http1',
        tls: {
          certificates: [certificates.server],
          client_ca: certificates.ca,
          require_client_certificate: true,
          min_version: 1.3,
        },
      },
      {
        name: 'late',
        address: `127.0.0.1:${port('late')}`,
        tls: { certificates: [{ cert: join(folder, 'late.pem'), key: join(folder, 'late.key') }] },
      },
    ],
    routes: [{ match: { prefix: '/' }, service_name: 'one' }],
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-tls-'));
    for (const name of ['renewed', 'names', 'mutual', 'late']) ports[name] = await freePort();
    mount('first');
    const services = { one: [{ host: '127.0.0.1', port: backend.port }] };
    writeFileSync(join(folder, 'services.json'), JSON.stringify({ services }));
    signalbox = await Signalbox.start(configuration());
    envoy = await Envoy.start(adsBootstrap({ mode, xdsPort: signalbox.xdsPort }));
  });
  afterAll(async () => {
    await envoy?.stop();
    await signalbox?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('HTTP/1 and HTTP/2 by ALPN', async () => {
    expect(await http2Status(port('names'), { ...trust(), servername: 'localhost' })).toBe(200);
    const socket = await handshake(port('names'), { ...trust(), servername: 'localhost' });
    expect(socket.alpnProtocol).toBe('http/1.1');
    expect(await getOver(socket, 'localhost')).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
    const only = { ...trust(), ...keys(certificates.client), ALPNProtocols: ['h2', 'http/1.1'] };
    const first = await handshake(port('mutual'), { ...only, servername: 'localhost' });
    expect(first.alpnProtocol).toBe('http/1.1');
    first.destroy();
  });

  test.each([
    ['api.example.com', 'api'],
    ['a.example.org', 'wild'],
    ['localhost', 'server'],
  ])('the certificate for %s is that of %s', async (name, subject) => {
    expect(await shownFor(port('names'), name, trust())).toBe(subject);
  });

  test('certificates of clients, and the least version', async () => {
    const secure = (options: object) =>
      ask(port('mutual'), { servername: 'localhost', ca, ...options }).catch(() => 'refused');
    expect(await secure(keys(certificates.client))).toBe(200);
    expect(await secure({})).toBe('refused');
    expect(await secure({ ...keys(certificates.client), maxVersion: 'TLSv1.2' })).toBe('refused');
  });

  test('a renewal changes no listener and costs no request', async () => {
    expect(await shownFor(port('renewed'), 'localhost', trust())).toBe('first');
    const before = await listenerStats(envoy);
    const held = await handshake(port('renewed'), { ...trust(), servername: 'localhost' });
    expect(await getOver(held, 'localhost')).toMatch(/ 200 /);
    const steady = steadily(port('renewed'));
    mount('second');
    await eventually(
      async () => expect(await shownFor(port('renewed'), 'localhost', trust())).toBe('second'),
      20_000,
    );
    const soFar = steady.requests();
    await eventually(() => expect(steady.requests()).toBeGreaterThan(soFar + 20));
    expect(await getOver(held, 'localhost')).toMatch(/ 200 /);
    held.destroy();
    expect(await steady.stop()).toEqual([]);
    expect(await listenerStats(envoy)).toEqual(before);
  });

  test('what is broken changes nothing and is told', async () => {
    const problem = async () => {
      const { certificates: all } = await signalbox.get<{ certificates: Told[] }>('/certificates');
      return all.find(({ name }) => name === 'listener renewed: default')?.problem?.message;
    };
    const version = join(folder, '..second');
    copyFileSync(pair('third').key, join(version, 'tls.key'));
    await eventually(async () => expect(await problem()).toContain('belongs to another certificate'), 20_000);
    await eventually(
      () =>
        expect(signalbox.process.output).toContain(
          'the private key belongs to another certificate: the one before is served on',
        ),
      20_000,
    );
    expect(await shownFor(port('renewed'), 'localhost', trust())).toBe('second');
    copyFileSync(pair('third').cert, join(version, 'tls.crt'));
    await eventually(
      async () => expect(await shownFor(port('renewed'), 'localhost', trust())).toBe('third'),
      20_000,
    );
    expect(await problem()).toBeUndefined();
  });

  test('a listener waits for its certificate, and no other one does', async () => {
    await expect(shownFor(port('late'), 'localhost', trust())).rejects.toThrow('ECONNREFUSED');
    copyFileSync(pair('late').cert, join(folder, 'late.pem'));
    copyFileSync(pair('late').key, join(folder, 'late.key'));
    await eventually(
      async () => expect(await shownFor(port('late'), 'localhost', trust())).toBe('late'),
      20_000,
    );
    // From now on it keeps what it has, whatever a new configuration says.
    const broken = configuration();
    for (const { name, tls } of broken.listeners)
      if (name === 'late') tls.certificates = [{ cert: join(folder, 'none'), key: join(folder, 'none') }];
    const xds = { listen: `127.0.0.1:${signalbox.xdsPort}` };
    signalbox.configure({ ...broken, xds });
    await eventually(() => expect(signalbox.process.output).toContain('configuration reloaded'), 20_000);
    await eventually(() => expect(signalbox.process.output).toContain('its listener waits for it'), 20_000);
    expect(await shownFor(port('late'), 'localhost', trust())).toBe('late');
    expect(await shownFor(port('renewed'), 'localhost', trust())).toBe('third');
  });

  test('no private key is shown anywhere', async () => {
    const pages = await Promise.all(
      ['/config_dump', '/snapshots?back=50', '/certificates', '/proxies', '/registries', '/routes'].map(
        async (page) => JSON.stringify(await signalbox.get(page)),
      ),
    );
    expect(pages[0]).toContain('[redacted]');
    const client = connect(`127.0.0.1:${signalbox.xdsPort}`);
    const status = await new Promise<string>((resolve, reject) =>
      client.makeUnaryRequest(
        '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus',
        serialize('envoy.service.status.v3.ClientStatusRequest'),
        (bytes: Buffer) =>
          `${bytes.toString('latin1')} ${JSON.stringify(deserialize('envoy.service.status.v3.ClientStatusResponse')(bytes))}`,
        {},
        (error, answer) => (error === null ? resolve(String(answer)) : reject(error)),
      ),
    );
    client.close();
    expect(status).toContain('listener renewed: default');
    const shown = [...pages, status, signalbox.process.output].join('\n');
    const secrets = ['first', 'second', 'third', 'late', 'api', 'wild'].map((name) => pair(name).key);
    for (const path of [...secrets, certificates.server.key]) {
      const [, line = ''] = readFileSync(path, 'utf8').split('\n');
      expect(line.length).toBeGreaterThan(40);
      for (const form of [line, Buffer.from(line).toString('base64').slice(2, 60)])
        expect(shown.includes(form), path).toBe(false);
    }
  });

  test('Envoy rejected nothing', async () => {
    const rejected = [...(await envoy.stats())].filter(([name]) => /update_rejected|lds.*failure/.test(name));
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  });

  interface Told {
    readonly name: string;
    readonly problem: { readonly message: string } | null;
  }

  /** Requests over connections that are kept, until told to stop. */
  function steadily(to: number) {
    const agent = new Agent({ connections: 4, connect: { ca, servername: 'localhost' } });
    const failures: string[] = [];
    let going = true;
    let requests = 0;
    const worker = async () => {
      while (going) {
        requests += 1;
        await request(`https://127.0.0.1:${to}/`, { dispatcher: agent }).then(
          async ({ statusCode, body }) => {
            await body.dump();
            if (statusCode !== 200) failures.push(String(statusCode));
          },
          (error: unknown) => failures.push(String(error)),
        );
      }
    };
    const workers = [worker(), worker()];
    return {
      requests: () => requests,
      /** Tells what failed. */
      stop: async () => {
        going = false;
        await Promise.all(workers);
        await agent.destroy();
        return failures;
      },
    };
  }
});

function keys({ cert, key }: KeyPair) {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

async function ask(port: number, options: object): Promise<number> {
  const agent = new Agent({ connect: options });
  try {
    const { statusCode, body } = await request(`https://127.0.0.1:${port}/`, { dispatcher: agent });
    await body.dump();
    return statusCode;
  } finally {
    await agent.destroy();
  }
}

/** What a change of a listener would move. */
async function listenerStats(envoy: Envoy): Promise<object> {
  const stats = await envoy.stats('listener_manager.');
  const names = ['lds.update_success', 'listener_modified', 'listener_added', 'total_listeners_draining'];
  return Object.fromEntries(names.map((name) => [name, stats.get(`listener_manager.${name}`)]));
}
