import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { Client, credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyBootstrap } from '../../../src/cli/bootstrap.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Certificates, type KeyPair } from '../../peers/certificates.js';
import { Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, deserialize, serialize } from '../../support/ads-client.js';
import { Signalbox } from '../../support/signalbox.js';

const PATIENCE = 30_000;
const TOKEN = 'a-token-that-nobody-guesses';
const GROUPS = { inner: { match: { cluster: 'inner' }, services: 'db' } };

describe.each([0, 2])('with %i workers', (workers) => {
  let certificates: Certificates;
  let signalbox: Signalbox;
  let config: Record<string, unknown>;
  let edge: KeyPair;
  const envoys: Envoy[] = [];
  let one: Envoy;
  const clients: Client[] = [];

  beforeAll(async () => {
    certificates = await Certificates.make();
    edge = await certificates.clientOf('edge', 'URI:spiffe://test.example/edge/1', 'DNS:edge-1.example');
    config = {
      xds: { listen: '127.0.0.1:0', tls: { cert: 'xds.pem', key: 'xds.key', client_ca: 'ca.pem' }, workers },
      admin: { listen: '127.0.0.1:0' },
      discovery: { file: { path: 'services.yaml' } },
      groups: GROUPS,
      allow: [
        { san: 'spiffe://test.example/edge/*', nodes: ['edge-*', 'inner-*'] },
        { token: TOKEN, nodes: 'robot', client_status: true },
        { token_file: 'token', nodes: 'visitor' },
      ],
    };
    signalbox = await Signalbox.start(config, { waitFor: 'serving', before: install });
    serve('web', 'db');
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const envoy of envoys) await envoy.stop();
    await signalbox?.close();
    certificates?.remove();
  });

  function install(folder: string): void {
    copyFileSync(certificates.server.cert, join(folder, 'xds.pem'));
    copyFileSync(certificates.server.key, join(folder, 'xds.key'));
    copyFileSync(certificates.ca, join(folder, 'ca.pem'));
    writeFileSync(join(folder, 'token'), 'of-today');
  }

  function serve(...services: readonly string[]): void {
    const path = join(signalbox.folder, 'services.yaml');
    const entries = services.map((name) => [name, [{ host: '127.0.0.1', port: 1 }]]);
    writeFileSync(`${path}.new`, JSON.stringify({ services: Object.fromEntries(entries) }));
    renameSync(`${path}.new`, path);
  }

  function bootstrap(node: string, { cert, key }: Partial<KeyPair>, cluster = 'edge'): string {
    return envoyBootstrap({
      xds: { host: '127.0.0.1', port: signalbox.xdsPort },
      admin: { host: '127.0.0.1', port: 0 },
      mode: 'delta',
      node,
      cluster,
      loadReports: true,
      tlsCa: certificates.ca,
      tlsCert: cert,
      tlsKey: key,
    });
  }

  async function start(...args: Parameters<typeof bootstrap>): Promise<Envoy> {
    const envoy = await Envoy.start(bootstrap(...args), { waitFor: 'admin' });
    envoys.push(envoy);
    return envoy;
  }

  async function clustersOf(envoy: Envoy): Promise<readonly string[]> {
    const text = await envoy.get('/clusters');
    const names = new Set(text.split('\n').map((line) => line.split('::')[0] ?? ''));
    return [...names].filter((name) => name !== '' && name !== 'xds').sort();
  }

  function client(pair: KeyPair | undefined): Client {
    const read = (path: string) => readFileSync(path);
    const made = new Client(
      `127.0.0.1:${signalbox.xdsPort}`,
      credentials.createSsl(read(certificates.ca), pair && read(pair.key), pair && read(pair.cert)),
      { 'grpc.use_local_subchannel_pool': 1 },
    );
    clients.push(made);
    return made;
  }

  async function refusalOf(pair: KeyPair | undefined, node: string, metadata?: Metadata) {
    const stream = new AdsStream(client(pair), node, metadata);
    stream.ask(TYPE_URL.cluster);
    return await eventually(() => {
      if (stream.ended === undefined) throw new Error('it goes on');
      return stream.ended;
    }, PATIENCE);
  }

  const bearer = (token: string) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };

  /** The fingerprint of the certificate that a new connection meets. */
  async function presented(): Promise<string> {
    return await new Promise((resolve, reject) => {
      const socket = connectTls(
        {
          port: signalbox.xdsPort,
          ca: readFileSync(certificates.ca),
          cert: readFileSync(edge.cert),
          key: readFileSync(edge.key),
          ALPNProtocols: ['h2'],
        },
        () => {
          resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  }

  const connectedSince = async (node: string) => {
    const { proxies } = await signalbox.get<{
      proxies: { node: { id: string }; group: string; connected_since: string }[];
    }>('/proxies');
    return proxies.find((proxy) => proxy.node.id === node)?.connected_since;
  };

  test('an Envoy with a certificate is served; one of another group gets its part', async () => {
    one = await start('edge-1', edge);
    const inner = await start('inner-1', edge, 'inner');
    await eventually(async () => expect(await clustersOf(one)).toEqual(['db', 'web']), PATIENCE);
    await eventually(async () => expect(await clustersOf(inner)).toEqual(['db']), PATIENCE);
  });

  test('a new certificate is presented, and no stream is dropped for it', async () => {
    const [before, since] = [await presented(), await connectedSince('edge-1')];
    const renewed = await certificates.issue('renewed', ['localhost']);
    // The certificate first: for a moment it has not its key.
    copyFileSync(renewed.cert, join(signalbox.folder, 'xds.pem'));
    copyFileSync(renewed.key, join(signalbox.folder, 'xds.key'));
    await eventually(async () => {
      for (let nth = 0; nth < 4; nth += 1) expect(await presented()).not.toBe(before);
    }, PATIENCE);
    serve('web', 'db', 'more');
    await eventually(async () => expect(await clustersOf(one)).toEqual(['db', 'more', 'web']), PATIENCE);
    expect(await connectedSince('edge-1')).toBe(since);
  });

  test('one that cannot be used is told of, and the one before stays', async () => {
    const before = await presented();
    const expired = await certificates.expired('old', 'DNS:localhost', 'IP:127.0.0.1');
    copyFileSync(expired.cert, join(signalbox.folder, 'xds.pem'));
    await signalbox.process.until(
      () => signalbox.process.output.includes('it is not the key of the certificate'),
      PATIENCE,
    );
    copyFileSync(expired.key, join(signalbox.folder, 'xds.key'));
    await signalbox.process.until(() => signalbox.process.output.includes('it has expired'), PATIENCE);
    expect(await presented()).toBe(before);
    install(signalbox.folder);
    await eventually(async () => expect(await presented()).not.toBe(before), PATIENCE);
  });

  test("another node's configuration is not given", async () => {
    const envoy = await start('core-1', edge);
    await envoy.process.until(() => envoy.process.output.includes('closed: 7'), PATIENCE);
    expect(envoy.process.output).toContain('may not ask for the configuration of this node and cluster');
    // Whoever looks after the server is told which.
    await signalbox.process.until(
      () => /"node":"core-1".*"cluster":"edge".*may not ask/.test(signalbox.process.output),
      PATIENCE,
    );
    expect(await clustersOf(envoy)).toEqual([]);
  });

  test("another node's load is not taken", async () => {
    const code = await new Promise((resolve) => {
      const call = client(edge).makeBidiStreamRequest(
        '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
        serialize('envoy.service.load_stats.v3.LoadStatsRequest'),
        deserialize('envoy.service.load_stats.v3.LoadStatsResponse'),
      );
      call.on('error', () => undefined);
      call.on('status', (ended: StatusObject) => resolve(ended.code));
      call.write({ node: { id: 'core-1' } });
    });
    expect(code).toBe(status.PERMISSION_DENIED);
  });

  test('who is not known is not served: another authority, expired, none, a name without a rule', async () => {
    const other = await Certificates.make();
    try {
      const expired = await certificates.expired('expired', 'URI:spiffe://test.example/edge/1');
      const stranger = await certificates.clientOf('stranger', 'URI:spiffe://test.example/core/1');
      for (const pair of [other.client, expired, undefined])
        expect((await refusalOf(pair, 'edge-1')).code).toBe(status.UNAVAILABLE);
      await signalbox.process.until(() => {
        const { output } = signalbox.process;
        return (
          /certificate was refused: (UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT)/.test(
            output,
          ) &&
          output.includes('certificate was refused: CERT_HAS_EXPIRED') &&
          output.includes('certificate was refused: there is none')
        );
      }, PATIENCE);
      expect(await refusalOf(stranger, 'edge-1')).toMatchObject({ code: status.UNAUTHENTICATED });
      const envoy = await start('edge-1', expired);
      await eventually(async () => {
        const stats = await envoy.stats('cluster.xds.upstream_cx_total');
        expect(stats.get('cluster.xds.upstream_cx_total')).toBeGreaterThan(1);
      }, PATIENCE);
      expect(await clustersOf(envoy)).toEqual([]);
    } finally {
      other.remove();
    }
  });

  test('a bearer token counts where no name of the certificate does, and is told to nobody', async () => {
    const stranger = await certificates.clientOf('robot', 'DNS:robot.example');
    const good = new AdsStream(client(stranger), 'robot', bearer(TOKEN));
    good.ask(TYPE_URL.cluster);
    await eventually(() => expect(good.last(TYPE_URL.cluster)).toBeDefined(), PATIENCE);
    const wrong = await refusalOf(stranger, 'robot', bearer(`${TOKEN}x`));
    expect(wrong).toMatchObject({ code: status.UNAUTHENTICATED });
    const denied = await refusalOf(stranger, 'edge-1', bearer(TOKEN));
    expect(denied).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining('may not ask for the configuration of this node'),
    });
    expect(wrong.details + denied.details + signalbox.process.output).not.toContain(TOKEN);
    good.cancel();
  });

  test('a token file that changes ends what its token has opened', async () => {
    const visitor = await certificates.clientOf('visitor', 'DNS:visitor.example');
    const open = async (token: string) => {
      const stream = new AdsStream(client(visitor), 'visitor', bearer(token));
      stream.ask(TYPE_URL.cluster);
      await eventually(() => expect(stream.last(TYPE_URL.cluster)).toBeDefined(), PATIENCE);
      return stream;
    };
    // Enough that with workers each has one.
    const streams = await Promise.all(Array.from({ length: 8 }, async () => await open('of-today')));
    const path = join(signalbox.folder, 'token');
    writeFileSync(`${path}.new`, 'of-tomorrow');
    renameSync(`${path}.new`, path);
    await eventually(() => {
      for (const { ended } of streams) expect(ended?.code).toBe(status.UNAUTHENTICATED);
    }, PATIENCE);
    (await open('of-tomorrow')).cancel();
  });

  test('the status of all clients is told only to those who may ask; health to everybody', async () => {
    const ask = async (metadata = new Metadata()) =>
      await new Promise((resolve) => {
        client(edge).makeUnaryRequest(
          '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus',
          serialize('envoy.service.status.v3.ClientStatusRequest'),
          deserialize('envoy.service.status.v3.ClientStatusResponse'),
          {},
          metadata,
          (error, response) => resolve(error === null ? response : error.code),
        );
      });
    expect(await ask()).toBe(status.PERMISSION_DENIED);
    expect(await ask(bearer(TOKEN))).toMatchObject({ config: expect.any(Array) });
    const health = await new Promise((resolve) => {
      client(edge).makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        serialize('grpc.health.v1.HealthCheckRequest'),
        deserialize('grpc.health.v1.HealthCheckResponse'),
        {},
        bearer('wrong'),
        (error, response) => resolve(error ?? response),
      );
    });
    expect(health).toEqual({ status: 'SERVING' });
  });

  test('rules that change count for the streams that are open', async () => {
    const stream = new AdsStream(client(edge), 'edge-9');
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.last(TYPE_URL.cluster)).toBeDefined(), PATIENCE);
    const moved = new AdsStream(client(edge), 'edge-8');
    moved.ask(TYPE_URL.cluster);
    await eventually(() => expect(moved.last(TYPE_URL.cluster)).toBeDefined(), PATIENCE);
    signalbox.configure({
      ...config,
      allow: [{ san: 'spiffe://test.example/edge/*', nodes: ['edge-1', 'edge-8', 'inner-*'] }],
      groups: { ...GROUPS, eight: { match: { id: 'edge-8' }, services: 'web' } },
    });
    await eventually(() => expect(stream.ended?.code).toBe(status.PERMISSION_DENIED), PATIENCE);
    await eventually(() => expect(moved.ended?.code).toBe(status.UNAVAILABLE), PATIENCE);
    const again = new AdsStream(client(edge), 'edge-8');
    again.ask(TYPE_URL.cluster);
    await eventually(() => expect(again.last(TYPE_URL.cluster)?.resources).toHaveLength(1), PATIENCE);
  });
});
