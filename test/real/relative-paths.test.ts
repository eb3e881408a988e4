import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort, PeerProcess } from '../peers/process.js';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');

let folder: string;
let signalbox: PeerProcess;
let envoy: Envoy;
let admin: string;
const beside = (name: string) => join(folder, 'sub/dir', name);
const services = (port: number) => stringify({ services: { web: [{ host: '127.0.0.1', port }] } });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-paths-'));
  mkdirSync(join(folder, 'sub/dir'), { recursive: true });
  const [xds, adminPort] = [await freePort(), await freePort()];
  admin = `http://127.0.0.1:${adminPort}`;
  writeFileSync(beside('services.yaml'), services(1));
  // Not this one, although the program starts in its folder.
  writeFileSync(join(folder, 'services.yaml'), services(99));
  writeFileSync(
    beside('c.yaml'),
    stringify({
      xds: { listen: `127.0.0.1:${xds}` },
      admin: { listen: `127.0.0.1:${adminPort}` },
      discovery: { file: { path: './services.yaml' } },
      auto_routes: true,
      snapshot: { path: 'served.snapshot' },
      // So that the proxy is in a group beside the default one: its acknowledgements count too.
      rollout: { first: '99%', wait: '1s' },
    }),
  );
  signalbox = PeerProcess.start('signalbox', process.execPath, [PROGRAM, 'serve', '-c', 'sub/dir/c.yaml'], {
    cwd: folder,
  });
  await signalbox.until(async () => (await request(`${admin}/readyz`)).statusCode === 200);
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: xds }));
});
afterAll(async () => {
  await envoy?.stop();
  await signalbox?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const { body } = await request(`${admin}${path}`);
  return (await body.json()) as T;
}

test("paths count from the configuration file's folder, and changes are seen and acknowledged", async () => {
  const acknowledged = async () => (await get<{ observations: readonly object[] }>('/latency')).observations;
  const served = async () => {
    const { instances } = await get<{ instances: readonly { address: string; server: string }[] }>(
      '/services/web',
    );
    return instances.map(({ address, server }) => [address, server]);
  };
  expect(await served()).toEqual([['127.0.0.1:1', beside('services.yaml')]]);
  const before = (await acknowledged()).length;

  writeFileSync(beside('services.yaml'), services(2));
  await eventually(async () => expect(await acknowledged()).toHaveLength(before + 1), 30_000);
  expect(await served()).toEqual([['127.0.0.1:2', beside('services.yaml')]]);

  writeFileSync(beside('new.yaml'), services(3));
  renameSync(beside('new.yaml'), beside('services.yaml'));
  await eventually(async () => expect(await acknowledged()).toHaveLength(before + 2), 30_000);
  expect(await served()).toEqual([['127.0.0.1:3', beside('services.yaml')]]);
  const { proxies } = await get<{ proxies: unknown }>('/proxies');
  expect(proxies).toMatchObject([{ types: { CDS: { status: 'SYNCED' }, EDS: { status: 'SYNCED' } } }]);
});
