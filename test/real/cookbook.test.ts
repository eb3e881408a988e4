import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../src/config/load.js';
import { Certificates, type KeyPair } from '../peers/certificates.js';
import { Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { readCookbook } from '../support/cookbook/page.js';
import { Sample } from '../support/cookbook/sample.js';
import { printsAs } from '../support/docs/expected-output.js';
import { Signalbox } from '../support/signalbox.js';

const run = promisify(execFile);
const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');
/** Nothing listens there. */
const DOWN = 'orders-here';

const { recipes, services } = readCookbook();
let certificates: Certificates;
let signalbox: Signalbox;
let envoy: Envoy;
const samples: Sample[] = [];

beforeAll(async () => {
  certificates = await Certificates.make();
  // One after the other: they share a file of serial numbers.
  const shop = await certificates.issue('shop', ['shop.example.com']);
  const admin = await certificates.issue('admin', ['admin.example.com']);
  const vault = await certificates.issue('vault', ['vault.internal']);
  const file = await started(vault);
  signalbox = await Signalbox.start(
    {},
    {
      waitFor: 'serving',
      before: (folder) => {
        writeFileSync(join(folder, 'services.yaml'), file);
        mkdirSync(join(folder, 'tls'));
        copyFileSync(certificates.ca, join(folder, 'tls/ca.pem'));
        for (const [name, pair] of Object.entries({ shop, admin, client: certificates.client })) {
          copyFileSync(pair.cert, join(folder, `tls/${name}.pem`));
          copyFileSync(pair.key, join(folder, `tls/${name}.key`));
        }
      },
    },
  );
  const xds = `127.0.0.1:${signalbox.xdsPort}`;
  const place = ['--region', 'eu', '--zone', 'eu-1'];
  const { stdout } = await run(process.execPath, [PROGRAM, 'bootstrap', '--xds', xds, ...place]);
  envoy = await Envoy.start(stdout.replace('port_value: 9901', 'port_value: 0'));
});
afterAll(async () => {
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all(samples.map((sample) => sample.close()));
  certificates?.remove();
});

/** Starts the instances of the page. @returns its services file with the ports that they have */
async function started({ cert, key }: KeyPair): Promise<string> {
  const [ca, ...pair] = [certificates.ca, cert, key].map((path) => readFileSync(path, 'utf8'));
  const tls = { ca: ca ?? '', cert: pair[0] ?? '', key: pair[1] ?? '' };
  const named: Readonly<Record<string, readonly { readonly port: number }[]>> = parse(services).services;
  let text = services;
  for (const [service, instances] of Object.entries(named))
    for (const [index, { port }] of instances.entries()) {
      const label = instances.length === 1 ? service : `${service}-${index + 1}`;
      const now = service === DOWN ? await freePort() : await listening(service, label, tls);
      text = text.replace(`port: ${port}`, `port: ${now}`);
    }
  return text;
}

async function listening(...args: Parameters<typeof Sample.start>): Promise<number> {
  const sample = await Sample.start(...args);
  samples.push(sample);
  return sample.port;
}

/** The texts with free ports in the place of those of the page. */
async function withPorts(texts: readonly string[]): Promise<readonly string[]> {
  const found = texts.flatMap((text) => [...text.matchAll(/(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)/g)]);
  const ports = new Map([['9901', envoy.admin.split(':').at(-1) ?? '']]);
  for (const [, port = ''] of found) if (!ports.has(port)) ports.set(port, String(await freePort()));
  return texts.map((text) =>
    text.replaceAll(/(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)/g, (_, port) => `127.0.0.1:${ports.get(port)}`),
  );
}

/** Until Envoy has all of it, and listens: what counts requests must not be asked too early. */
async function serve(config: Readonly<Record<string, unknown>>): Promise<void> {
  const reloads = () => signalbox.process.output.split('"msg":"configuration reloaded"').length;
  const before = reloads();
  signalbox.configure(config);
  signalbox.process.signal('SIGHUP');
  await eventually(async () => {
    expect(reloads()).toBeGreaterThan(before);
    const { proxies } = await signalbox.get<{
      readonly proxies: readonly { readonly types: Readonly<Record<string, { readonly status: string }>> }[];
    }>('/proxies');
    const statuses = proxies.flatMap(({ types }) => Object.values(types).map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set(['SYNCED']));
  }, 45_000);
  const { listeners } = z.object({ listeners: z.array(z.object({ address: z.string() })) }).parse(config);
  for (const { address } of listeners) await eventually(() => accepts(address), 45_000);
}

async function accepts(address: string): Promise<void> {
  const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

test.each(recipes.map((recipe) => [recipe.title, recipe] as const))(
  '%s',
  async (_, { configuration, commands, answer }) => {
    const [written = '', line = ''] = await withPorts([configuration, commands]);
    const text = written.replaceAll('/etc/envoy/', `${signalbox.folder}/`);
    const { problems, warnings } = { warnings: [], ...parseConfig(text, signalbox.file, {}) };
    expect([...(problems ?? []), ...warnings]).toEqual([]);
    const listen = { listen: '127.0.0.1:0' };
    await serve({ xds: listen, admin: listen, ...parse(text) });
    await eventually(
      async () => {
        const { stdout } = await run('bash', ['-c', line], { cwd: signalbox.folder, timeout: 30_000 }).catch(
          (failed: { readonly stdout?: string }) => ({ stdout: failed.stdout ?? '' }),
        );
        expect(printsAs(stdout, answer), `expected:\n${answer}printed:\n${stdout}`).toBe(true);
      },
      45_000,
      100,
    );
  },
);

test('Envoy rejected nothing', async () => {
  const rejected = [...(await envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.length).toBeGreaterThanOrEqual(4);
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
});
