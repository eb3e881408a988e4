import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { envoyBootstrap } from '../../src/cli/bootstrap.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { Backend } from '../peers/backend.js';
import { Certificates, type KeyPair } from '../peers/certificates.js';
import { Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { AdsStream } from '../support/ads-client.js';
import { RelayProcess } from '../support/relay.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const PATIENCE = 40_000;
const TOKEN = 'a-token-that-nobody-guesses';
const NEW_TOKEN = 'another-that-nobody-guesses';

const folder = mkdtempSync(join(tmpdir(), 'relay-tls-'));
const files = { cert: 'relay.pem', key: 'relay.key', token: 'token', snapshot: 'relay.snapshot' };
const at = (name: string) => join(folder, name);
let certificates: Certificates;
let backends: readonly Backend[];
let upstream: number;
let signalbox: Signalbox;
let relay: RelayProcess;
let traffic: Traffic;
const envoys: Envoy[] = [];

beforeAll(async () => {
  [certificates, backends, traffic] = await Promise.all([
    Certificates.make(),
    Promise.all([Backend.start('one'), Backend.start('two')]),
    freePort().then((port) => new Traffic(port)),
  ]);
  upstream = await freePort();
  signalbox = await Signalbox.start(
    {
      xds: { listen: `127.0.0.1:${upstream}`, tls: { cert: 'xds.pem', key: 'xds.key', client_ca: 'ca.pem' } },
      discovery: { file: { path: 'services.json' } },
      listeners: [{ name: 'http', address: `127.0.0.1:${traffic.port}` }],
      auto_routes: true,
      groups: { edge: { match: { cluster: 'edge', locality: { zone: 'z1' } }, services: 'web' } },
      allow: [{ token_file: 'token', nodes: 'relay-1', groups: 'edge' }],
    },
    {
      before: (into) => {
        copyFileSync(certificates.server.cert, join(into, 'xds.pem'));
        copyFileSync(certificates.server.key, join(into, 'xds.key'));
        copyFileSync(certificates.ca, join(into, 'ca.pem'));
        writeFileSync(join(into, 'token'), TOKEN);
        writeFileSync(join(into, 'services.json'), services(0));
      },
    },
  );
  install(await certificates.clientOf('relay', 'DNS:relay.example'));
  writeFileSync(at(files.token), `${TOKEN}\n`);
  relay = await newRelay(files.snapshot);
  await relay.run();
});
afterAll(async () => {
  await traffic?.close();
  for (const envoy of envoys) await envoy.stop();
  await relay?.stop();
  await signalbox?.close();
  for (const backend of backends ?? []) await backend.close();
  certificates?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function services(backend: number): string {
  const instances = [{ host: '127.0.0.1', port: backends[backend]?.port ?? 0 }];
  return JSON.stringify({ services: { web: instances, secret: instances } });
}

function install({ cert, key }: KeyPair): void {
  copyFileSync(cert, at(files.cert));
  copyFileSync(key, at(files.key));
}

async function newRelay(snapshot: string, ca = certificates.ca): Promise<RelayProcess> {
  const { cert, key } = certificates.server;
  return new RelayProcess({
    upstream,
    xds: await freePort(),
    admin: await freePort(),
    snapshot: at(snapshot),
    args: [
      ...['--upstream-ca', ca, '--upstream-cert', at(files.cert), '--upstream-key', at(files.key)],
      ...['--upstream-token-file', at(files.token)],
      ...['--node', 'relay-1', '--cluster', 'edge', '--zone', 'z1'],
      ...['--tls-cert', cert, '--tls-key', key, '--tls-client-ca', certificates.ca],
    ],
  });
}

async function startEnvoy(node: string): Promise<Envoy> {
  const { cert: tlsCert, key: tlsKey } = certificates.client;
  const envoy = await Envoy.start(
    envoyBootstrap({
      xds: { host: '127.0.0.1', port: relay.options.xds },
      admin: { host: '127.0.0.1', port: 0 },
      mode: 'delta',
      node,
      cluster: 'of its own',
      loadReports: false,
      tlsCa: certificates.ca,
      tlsCert,
      tlsKey,
    }),
  );
  envoys.push(envoy);
  return envoy;
}

const answeredBy = (backend: string) =>
  eventually(async () => expect(await traffic.count('/web/', 8)).toEqual({ [backend]: 8 }), PATIENCE);
const failure = (text: string) =>
  eventually(async () => expect((await relay.get('/relay')).body.last_error).toContain(text), PATIENCE);

test('over TLS, with a certificate and a token, the relay gets what is for its group; its proxies get that', async () => {
  const envoy = await startEnvoy('edge-1');
  await answeredBy('one');
  expect(await traffic.count('/secret/', 4)).toEqual({ 404: 4 });
  expect(await envoy.get('/clusters')).not.toContain('secret::');
  expect((await relay.get('/relay')).body).toMatchObject({
    connected: true,
    node: { id: 'relay-1', cluster: 'edge', locality: { zone: 'z1' } },
  });
});

test("who has no certificate is not served at the relay's port", async () => {
  for (const channel of [
    credentials.createInsecure(),
    credentials.createSsl(readFileSync(certificates.ca)),
  ]) {
    const client = new Client(`127.0.0.1:${relay.options.xds}`, channel);
    const stream = new AdsStream(client, 'stranger');
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.ended?.code).toBe(status.UNAVAILABLE), PATIENCE);
    client.close();
  }
});

test('without the upstream the relay serves what it had; started again, what its file has, to a new Envoy too', async () => {
  await eventually(() => expect(existsSync(at(files.snapshot))).toBe(true));
  await signalbox.stop('SIGKILL');
  await failure('ECONNREFUSED');
  await answeredBy('one');
  await envoys.pop()?.stop();
  await relay.stop();
  await relay.run();
  expect((await relay.get('/relay')).body).toMatchObject({ served_from: 'file', connected: false });
  await startEnvoy('edge-2');
  await answeredBy('one');
});

test('a token that is refused is told of without showing it; new files count without a restart', async () => {
  writeFileSync(join(signalbox.folder, 'token'), NEW_TOKEN);
  writeFileSync(join(signalbox.folder, 'services.json'), services(1));
  await signalbox.run();
  await failure('neither the certificate nor the token');
  writeFileSync(at(files.token), `two words: ${NEW_TOKEN}\r\n`);
  await failure('the token file holds no token');
  writeFileSync(at(files.cert), 'nothing');
  await failure(`${at(files.cert)}: it holds no certificate`);
  await answeredBy('one');
  install(await certificates.clientOf('renewed', 'DNS:relay.example'));
  writeFileSync(at(files.token), NEW_TOKEN);
  await answeredBy('two');
  const told = relay.process.output + JSON.stringify((await relay.get('/relay')).body);
  expect(told).not.toContain(TOKEN);
  expect(told).not.toContain(NEW_TOKEN);
});

test('an upstream with the certificate of another authority is not believed', async () => {
  const others = await Certificates.make();
  const wary = await newRelay('none', others.ca);
  try {
    await wary.run('serving');
    await eventually(async () => {
      const { status: code, body } = await wary.get('/readyz');
      expect(code).toBe(503);
      expect(body.reason).toContain('self-signed certificate');
    }, PATIENCE);
  } finally {
    await wary.stop();
    others.remove();
  }
});
