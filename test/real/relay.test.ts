import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { Certificates } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { RelayProcess } from '../support/relay.js';
import { Signalbox } from '../support/signalbox.js';
import { shownFor } from '../support/tls-client.js';
import { Traffic } from '../support/traffic.js';

const folder = mkdtempSync(join(tmpdir(), 'relay-'));
const snapshot = join(folder, 'relay.snapshot');
let backends: readonly Backend[];
let certificates: Certificates;
let etcd: Etcd;
let signalbox: Signalbox;
let relay: RelayProcess;
let traffic: Traffic;
let tlsPort: number;
const envoys: Envoy[] = [];

beforeAll(async () => {
  backends = await Promise.all([Backend.start('one'), Backend.start('two')]);
  [certificates, etcd] = await Promise.all([Certificates.make(), Etcd.start()]);
  traffic = new Traffic(await freePort());
  tlsPort = await freePort();
  const upstream = await freePort();
  await put('web', 0);
  await put('steady', 0);
  signalbox = await Signalbox.start({
    xds: { listen: `127.0.0.1:${upstream}` },
    discovery: { etcd: { endpoints: [`http://127.0.0.1:${etcd.port}`] } },
    listeners: [
      { name: 'http', address: `127.0.0.1:${traffic.port}` },
      { name: 'https', address: `127.0.0.1:${tlsPort}`, tls: { certificates: [certificates.server] } },
    ],
    auto_routes: true,
  });
  relay = new RelayProcess({ upstream, xds: await freePort(), admin: await freePort(), snapshot });
  await relay.run();
  for (const mode of ['delta', 'sotw'] as const)
    envoys.push(await Envoy.start(adsBootstrap({ mode, xdsPort: relay.options.xds, node: mode })));
});
afterAll(async () => {
  await traffic?.close();
  for (const envoy of envoys) await envoy.stop();
  await relay?.stop();
  await signalbox?.close();
  await etcd?.close();
  for (const backend of backends ?? []) await backend.close();
  certificates?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const at = (backend: number) => backends[backend]?.address ?? '';
const put = (service: string, backend: number) =>
  etcd.client.put(`/services/${service}/${at(backend)}`, { weight: 1 });
const goesTo = async (service: string, counts: object) =>
  expect(Object.keys(await traffic.count(`/${service}/`, 40)).sort()).toEqual(Object.keys(counts).sort());
const upstreamVersion = async () =>
  (await signalbox.get<{ snapshots: readonly { version: string }[] }>('/snapshots')).snapshots[0]?.version;
const sameVersion = () =>
  eventually(
    async () => expect((await relay.get('/relay')).body.version).toBe(await upstreamVersion()),
    30_000,
  );

test('Envoys at the relay get what the upstream serves, at its versions, and its changes', async () => {
  await eventually(() => goesTo('web', { one: 40 }), 30_000);
  expect(await shownFor(tlsPort, 'localhost', { ca: readFileSync(certificates.ca) })).toBe('server');
  await sameVersion();
  for (let round = 0; round < 5; round += 1) {
    await put(`new-${round}`, 1);
    await eventually(() => goesTo(`new-${round}`, { two: 40 }), 30_000);
    await etcd.client.delete(`/services/new-${round}/${at(1)}`);
  }
  await eventually(() => goesTo('new-4', { 404: 40 }), 30_000);
  await sameVersion();
  for (const type of ['cds', 'lds'])
    for (const envoy of envoys)
      expect(
        [...(await envoy.stats()).entries()].filter(([name]) => name.endsWith(`${type}.update_rejected`)),
      ).toEqual([[expect.any(String), 0]]);
});

test('the upstream is killed and the relay started again: no request fails, a new Envoy is served from the file', async () => {
  await eventually(() => expect(existsSync(snapshot)).toBe(true));
  const steady = traffic.steady('/steady/');
  try {
    await signalbox.stop('SIGKILL');
    await eventually(async () => expect((await relay.get('/relay')).body.connected).toBe(false), 30_000);
    await goesTo('web', { one: 40 });
    await relay.stop('SIGTERM');
    await relay.run();
    expect((await relay.get('/relay')).body).toMatchObject({
      served_from: 'file',
      connected: false,
    });
    const envoy = await Envoy.start(
      adsBootstrap({ mode: 'delta', xdsPort: relay.options.xds, node: 'new' }),
      {
        waitFor: 'admin',
      },
    );
    envoys.push(envoy);
    await eventually(async () => {
      const clusters = await envoy.get('/clusters');
      expect(clusters).toContain(`web::${at(0)}::`);
    }, 30_000);
    // Everybody is back, before the upstream is.
    await eventually(async () => {
      const { proxies } = (await relay.get('/proxies')).body as {
        proxies: readonly { node: { id: string } }[];
      };
      expect(proxies.map(({ node }) => node.id).sort()).toEqual(['delta', 'new', 'sotw']);
    }, 60_000);
  } finally {
    const { failures, requests } = await steady.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(20);
  }
  const bytes = readFileSync(snapshot);
  const key = readFileSync(certificates.server.key, 'utf8').split('\n')[1] ?? '';
  expect(bytes.includes(Buffer.from(key, 'base64')) || bytes.includes(key)).toBe(false);
});

test('a change arrives once the upstream is back, one that was made meanwhile too, and the secrets', async () => {
  await put('meanwhile', 1);
  await signalbox.run();
  await put('after', 1);
  await eventually(() => goesTo('meanwhile', { two: 40 }), 60_000);
  await eventually(() => goesTo('after', { two: 40 }), 60_000);
  await sameVersion();
  expect((await relay.get('/relay')).body).toMatchObject({ served_from: 'upstream', connected: true });
  await eventually(async () => expect((await envoys.at(-1)?.get('/ready'))?.trim()).toBe('LIVE'), 30_000);
});

test('a relay that has neither upstream nor file is not ready, and says why', async () => {
  const lonely = new RelayProcess({
    upstream: await freePort(),
    xds: await freePort(),
    admin: await freePort(),
    snapshot: join(folder, 'none'),
  });
  try {
    await lonely.run('serving');
    await eventually(async () => {
      const { status, body } = await lonely.get('/readyz');
      expect(status).toBe(503);
      expect(body.reason).toContain('ECONNREFUSED');
    });
  } finally {
    await lonely.stop();
  }
});
