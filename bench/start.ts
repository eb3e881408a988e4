// From the start of the process to a `/readyz` that says yes, with a services file and with etcd. Run after `npm run build`.
// npx tsx bench/start.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Etcd } from '../test/peers/etcd.js';
import { freePort, PeerProcess } from '../test/peers/process.js';
import { instancesOf, serviceName } from './fixture.js';
import { machine } from './machine.js';
import { cpuMilliseconds, residentMegabytes } from './process-usage.js';
import { DEPLOYED } from './servers.js';
import { median } from './table.js';

const PROGRAM = resolve(import.meta.dirname, '../dist/cli/main.js');
const RUNS = 3;

interface Start {
  readonly milliseconds: number;
  readonly cpu: number;
  readonly megabytes: number;
}

console.log(`${await machine()}; medians of ${RUNS} starts\n`);
console.log('| services | instances each | from | ready, ms | CPU until then, ms | memory, MB |');
console.log('| --: | --: | --- | --: | --: | --: |');
await withFile(10, 2, 'YAML');
await withFile(10_000, 10, 'JSON');
await withFile(10_000, 10, 'YAML');
await withEtcd(10_000, 10);

async function withFile(services: number, instances: number, format: 'JSON' | 'YAML'): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-start-'));
  try {
    const file = join(folder, 'services');
    writeFileSync(file, (format === 'JSON' ? jsonFile : yamlFile)(services, instances));
    await report(services, instances, `a file, ${format}`, { file: { path: file } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withEtcd(services: number, instances: number): Promise<void> {
  const etcd = await Etcd.start();
  const keys = Array.from({ length: services }, (_, service) =>
    placesOf(service, instances).map(
      ({ host, port }) => [`/services/${serviceName(service)}/${host}:${port}`, { weight: 1 }] as const,
    ),
  );
  await etcd.client.putAll(keys.flat());
  await report(services, instances, 'etcd', { etcd: { endpoints: [etcd.url] } });
  await etcd.close();
}

async function report(services: number, instances: number, from: string, discovery: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-start-'));
  try {
    const config = join(folder, 'signalbox.yaml');
    writeFileSync(config, JSON.stringify({ discovery }));
    const starts: Start[] = [];
    for (let run = 0; run < RUNS; run += 1) starts.push(await start(config));
    const figures = [
      starts.map(({ milliseconds }) => milliseconds),
      starts.map(({ cpu }) => cpu),
      starts.map(({ megabytes }) => megabytes),
    ].map((values) => median(values)?.toFixed(0));
    console.log(`| ${[services, instances, from, ...figures].join(' | ')} |`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function placesOf(service: number, instances: number) {
  return instancesOf(service, instances).map(({ host, port }) => ({ host, port }));
}

function jsonFile(services: number, instances: number): string {
  const entries = Array.from({ length: services }, (_, service) => [
    serviceName(service),
    placesOf(service, instances),
  ]);
  return JSON.stringify({ services: Object.fromEntries(entries) });
}

function yamlFile(services: number, instances: number): string {
  const lines = Array.from({ length: services }, (_, service) => {
    const list = placesOf(service, instances).map(({ host, port }) => `{ host: ${host}, port: ${port} }`);
    return `  ${serviceName(service)}: [${list.join(', ')}]\n`;
  });
  return `services:\n${lines.join('')}`;
}

async function start(config: string): Promise<Start> {
  const admin = `127.0.0.1:${await freePort()}`;
  const began = performance.now();
  const signalbox = PeerProcess.start('signalbox', process.execPath, [
    ...DEPLOYED,
    ...[PROGRAM, 'serve', '-c', config],
    ...['--xds', '127.0.0.1:0', '--admin', admin],
  ]);
  try {
    while (!(await ready(`http://${admin}/readyz`))) {
      if (!signalbox.running) throw new Error(`signalbox ended: ${signalbox.output}`);
    }
    const milliseconds = performance.now() - began;
    const { pid } = signalbox;
    return { milliseconds, cpu: cpuMilliseconds(pid), megabytes: residentMegabytes(pid) };
  } finally {
    await signalbox.stop('SIGKILL');
  }
}

/** Asks once, and takes 3 ms at least, so that asking does not slow the start. */
async function ready(url: string): Promise<boolean> {
  const [answer] = await Promise.all([
    fetch(url).then(
      ({ status }) => status === 200,
      () => false,
    ),
    new Promise((resolve) => setTimeout(resolve, 3)),
  ]);
  return answer;
}
