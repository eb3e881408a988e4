import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReleaseView } from '../../src/admin/release.js';
import { Backend } from '../peers/backend.js';
import { Certificates } from '../peers/certificates.js';
import { Consul } from '../peers/consul.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Signalbox } from '../support/signalbox.js';
import { shownFor } from '../support/tls-client.js';
import { Traffic } from '../support/traffic.js';

let one: Backend;
let two: Backend;
let certificates: Certificates;
let consul: Consul;
let etcd: Etcd;
let signalbox: Signalbox;
let traffic: Traffic;
let xdsPort: number;
let tlsPort: number;
let envoy: Envoy;

beforeAll(async () => {
  [one, two, certificates] = await Promise.all([
    Backend.start('one'),
    Backend.start('two'),
    Certificates.make(),
  ]);
  [consul, etcd] = await Promise.all([Consul.start({ mode: 'server' }), Etcd.start()]);
  await consul.kv.put(`upstreams/kv/${one.address}`, { weight: 1 });
  await etcd.client.put(`/services/keys/${two.address}`, { weight: 1 });
  traffic = new Traffic(await freePort());
  tlsPort = await freePort();
  xdsPort = await freePort();
  signalbox = await Signalbox.start({
    xds: { listen: `127.0.0.1:${xdsPort}` },
    discovery: {
      consul_kv: { servers: [consul.url] },
      etcd: { endpoints: [`http://127.0.0.1:${etcd.port}`] },
    },
    snapshot: { path: 'served.snapshot', expire: '1h' },
    startup_grace: '3s',
    listeners: [
      { name: 'http', address: `127.0.0.1:${traffic.port}` },
      { name: 'https', address: `127.0.0.1:${tlsPort}`, tls: { certificates: [certificates.server] } },
    ],
    auto_routes: true,
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort, node: 'old' }));
});
afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all([consul?.close(), etcd?.close(), one?.close(), two?.close()]);
  certificates?.remove();
});

const release = () => signalbox.get<ReleaseView>('/release');
const version = async () =>
  (await signalbox.get<{ snapshots: readonly { version: string }[] }>('/snapshots')).snapshots[0]?.version;
const file = () => join(signalbox.folder, 'served.snapshot');
const serves = async () => {
  expect((await traffic.get('/kv/')).service).toBe('one');
  expect((await traffic.get('/keys/')).service).toBe('two');
};

test('with every registry down a restart serves what was served before, to Envoys old and new', async () => {
  await eventually(serves, 30_000);
  const before = await version();
  await eventually(() => expect(existsSync(file())).toBe(true));
  const key = readFileSync(certificates.server.key, 'utf8').split('\n')[1] ?? '';
  expect(key.length).toBeGreaterThan(40);
  // As text, and as the bytes that it stands for.
  for (const part of [Buffer.from(key), Buffer.from(key, 'base64')])
    expect(readFileSync(file()).includes(part)).toBe(false);

  const steady = traffic.steady('/kv/', '/keys/');
  try {
    await signalbox.stop('SIGKILL');
    await Promise.all([consul.stop(), etcd.stop()]);
    const began = performance.now();
    await signalbox.run();
    const milliseconds = performance.now() - began;
    console.log(`ready from the snapshot file in ${milliseconds.toFixed(0)} ms`);
    expect(await version()).toBe(before);
    expect(await signalbox.get('/readyz')).toMatchObject({ status: 'ready', restored: { file: file() } });
    expect((await release()).restored?.waiting_for).toEqual(['consul_kv', 'etcd']);
    // One that has nothing gets everything, the certificate included.
    await envoy.stop();
    envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort, node: 'new' }));
    await eventually(serves, 30_000);
    expect(await shownFor(tlsPort, 'localhost', { ca: readFileSync(certificates.ca) })).toBe('server');
    await eventually(() => expect(signalbox.process.output).toContain('the snapshot file is served on'));
    await serves();
  } finally {
    await steady.stop();
  }
});

test('registries that are back are the truth: at first unchanged, so that nothing is sent', async () => {
  const before = await envoy.stats('cluster_manager.cds.update_success');
  await Promise.all([consul.start(), etcd.start()]);
  await eventually(async () => expect((await release()).restored).toBeNull(), 60_000, 100);
  await serves();
  expect(await envoy.stats('cluster_manager.cds.update_success')).toEqual(before);
  await etcd.client.put(`/services/more/${one.address}`, { weight: 1 });
  await eventually(async () => expect((await traffic.get('/more/')).service).toBe('one'), 30_000);
});

test('one registry that stays away holds the others up until it is released', async () => {
  await eventually(() => expect(readFileSync(file()).includes('more')).toBe(true));
  await signalbox.stop('SIGKILL');
  await etcd.stop();
  await signalbox.run();
  await eventually(async () => expect((await release()).restored?.waiting_for).toEqual(['etcd']), 30_000);
  await serves();
  await traffic.get('/more/');
  await fetch(`${signalbox.admin}/registries/etcd/release`, { method: 'POST' });
  expect((await release()).restored).toBeNull();
  await eventually(async () => expect((await traffic.get('/keys/')).status).toBe(404), 30_000);
  expect((await traffic.get('/kv/')).service).toBe('one');
});

test('a damaged file is set aside and said so, and nothing is served from it', async () => {
  await signalbox.stop();
  await consul.stop();
  const bytes = readFileSync(file());
  writeFileSync(file(), bytes.subarray(0, bytes.length - 5));
  await signalbox.run('serving');
  await eventually(() => expect(signalbox.process.output).toContain('snapshot file set aside'), 10_000);
  expect(existsSync(`${file()}.damaged`)).toBe(true);
  expect(await signalbox.status('/readyz')).toBe(503);
});
