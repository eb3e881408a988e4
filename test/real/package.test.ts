import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { apiReport, REPORT } from '../../scripts/api-report/report.js';
import { Backend } from '../peers/backend.js';
import { command } from '../peers/cache.js';
import { Certificates } from '../peers/certificates.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { installNode } from '../peers/node.js';
import { freePort, PeerProcess } from '../peers/process.js';
import { blocksOf, documentationPages, readPage } from '../support/docs/block.js';
import { InstalledPackage } from '../support/installed-package.js';
import { shownFor } from '../support/tls-client.js';

// The package as its users have it, and the guide's examples copied out of it.

const GUIDE = resolve(import.meta.dirname, '../../docs/library');
let installed: InstalledPackage;
let blocksAsFiles: readonly string[] = [];
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  installed = await InstalledPackage.make();
  // Each block of the pages is a program by itself.
  const blocks = documentationPages().flatMap((page) => blocksOf(page, readPage(page)));
  blocksAsFiles = blocks
    .filter(({ language }) => language === 'ts')
    .map(({ text }, index) => installed.write(`block-${index}.ts`, text));
  await installed.compile(...readdirSync(GUIDE).map((file) => `docs/library/${file}`));
}, 300_000);
afterAll(() => installed.remove());
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const ended = <T>(thing: T, end: (thing: T) => unknown): T => {
  ends.push(() => end(thing));
  return thing;
};

/** Runs an example until it serves. */
async function example(name: string, ...args: readonly (string | number)[]): Promise<PeerProcess> {
  const file = join(installed.folder, `${name}.js`);
  const process_ = PeerProcess.start(name, process.execPath, [file, ...args.map(String)]);
  ended(process_, (process) => process.stop());
  return await process_.until(() => process_.output.includes('serving on'));
}

async function envoy(xdsPort: number, mode: 'sotw' | 'delta', cluster = 'envoy'): Promise<Envoy> {
  const bootstrap = adsBootstrap({ mode, xdsPort }).replace('cluster: envoy\n', `cluster: ${cluster}\n`);
  return ended(await Envoy.start(bootstrap), (started) => started.stop());
}

const get = async (port: number): Promise<string> =>
  (await (await request(`http://127.0.0.1:${port}/`)).body.text()).trim();

test('the blocks of the guide run', async () => {
  expect(blocksAsFiles).not.toEqual([]);
  for (const file of blocksAsFiles) await command(process.execPath, [file.replace(/ts$/, 'js')]);
});

test('the static example serves a real Envoy', async () => {
  const [xds, port] = [await freePort(), await freePort()];
  const backend = ended(await Backend.start('one'), (started) => started.close());
  await example('static', `127.0.0.1:${xds}`, port, backend.port);
  await envoy(xds, 'sotw');
  await eventually(async () => expect(await get(port)).toBe('one'));
});

test('the example with its own discovery follows its registry', async () => {
  const [xds, port] = [await freePort(), await freePort()];
  const one = ended(await Backend.start('one'), (started) => started.close());
  const two = ended(await Backend.start('two'), (started) => started.close());
  let backend = [one.address, 'not an address'];
  const registry = createServer((_, response) => response.end(JSON.stringify({ services: { backend } })));
  await new Promise<void>((done) => registry.listen(0, '127.0.0.1', done));
  ended(registry, (server) => {
    server.close();
    server.closeAllConnections();
  });
  const { port: registryPort } = registry.address() as AddressInfo;
  await example('own-discovery', `127.0.0.1:${xds}`, port, `http://127.0.0.1:${registryPort}/`);
  await envoy(xds, 'delta');
  await eventually(async () => expect(await get(port)).toBe('one'));
  backend = [two.address];
  await eventually(async () => expect(await get(port)).toBe('two'));
});

test('the example of snapshots by node tells its proxies apart', async () => {
  const [xds, canary, stable] = [await freePort(), await freePort(), await freePort()];
  await example('per-node', `127.0.0.1:${xds}`, canary, stable);
  await Promise.all([envoy(xds, 'delta', 'canary'), envoy(xds, 'sotw')]);
  await eventually(async () => expect([await get(canary), await get(stable)]).toEqual(['canary', 'stable']));
});

test('the example of certificates serves them by SDS, and renews them', async () => {
  const [xds, port] = [await freePort(), await freePort()];
  const certificates = ended(await Certificates.make(['first']), (made) => made.remove());
  const [first, second] = [
    await certificates.issue('first', ['front']),
    await certificates.issue('second', ['front']),
  ];
  const [cert, key] = [installed.write('tls.crt', ''), installed.write('tls.key', '')];
  const use = (pair: typeof first) => {
    copyFileSync(pair.cert, cert);
    copyFileSync(pair.key, key);
  };
  use(first);
  const process = await example('sds', `127.0.0.1:${xds}`, port, cert, key);
  await envoy(xds, 'delta');
  const ca = readFileSync(certificates.ca);
  await eventually(async () => expect(await shownFor(port, 'front', { ca })).toBe('first'));
  use(second);
  process.signal('SIGHUP');
  await eventually(async () => expect(await shownFor(port, 'front', { ca })).toBe('second'));
});

test('what is not exported cannot be imported, and CommonJS imports the rest, on each Node', async () => {
  const file = installed.write(
    'commonjs.cjs',
    `(async () => {
      const { createServer, LinearCache, resource, TYPE_URL } = await import('signalbox');
      const { XdsClient } = await import('signalbox/testing');
      await Promise.all([import('signalbox/discovery'), import('signalbox/resources')]);
      for (const inside of ['signalbox/dist/index.js', 'signalbox/xds/server', 'signalbox/package.json'])
        await import(inside).then(
          () => { throw new Error(inside + ' can be imported'); },
          (error) => { if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error; },
        );
      const cache = new LinearCache(TYPE_URL.cluster);
      cache.put(resource(TYPE_URL.cluster, { name: 'a' }));
      const server = createServer({ cache });
      const client = new XdsClient(await server.listen('127.0.0.1:0'));
      client.subscribe(TYPE_URL.cluster);
      await client.until(() => client.names(TYPE_URL.cluster).join() === 'a');
      client.close();
      await server.stop();
      console.log('served by Node ' + process.versions.node.split('.')[0]);
    })();`,
  );
  for (const program of [process.execPath, await installNode(22), await installNode(24)]) {
    const told = await command(program, [file]);
    const version = (await command(program, ['--version'])).slice(1).split('.')[0];
    expect(told.trim().split('\n').at(-1)).toBe(`served by Node ${version}`);
  }
}, 180_000);

test('the tarball is small, and holds what users need only', () => {
  const { bytes, files } = installed.packed;
  expect(bytes).toBeLessThan(800_000);
  const kept = /^(dist|docs|envoy|deploy)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
  expect(files.filter((file) => !kept.test(file))).toEqual([]);
  // What docs/deployment.md and docs/monitoring.md have people install.
  for (const file of ['deploy/systemd/signalbox.service', 'deploy/kubernetes/deployment.yaml'])
    expect(files).toContain(file);
  for (const file of ['alerts.yml', 'grafana-dashboard.json'])
    expect(files).toContain(`docs/monitoring/${file}`);
  expect(files.filter((file) => /\.(map|test\.\w+)$|(^|\/)(test|bench|src)\//.test(file))).toEqual([]);
});

test('the report of what is exported is up to date: npm run build && npm run api', () => {
  expect(apiReport()).toBe(readFileSync(REPORT, 'utf8'));
});
