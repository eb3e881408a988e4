// From the start of the process to a `/readyz` that says yes, with the file registry. Run after `npm run build`.
// npx tsx bench/start.ts [SERVICES INSTANCES]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, PeerProcess } from '../test/peers/process.js';
import { instancesOf, serviceName } from './fixture.js';
import { machine } from './machine.js';
import { median } from './table.js';

const PROGRAM = resolve(import.meta.dirname, '../dist/cli/main.js');
const RUNS = 5;

interface Start {
  readonly milliseconds: number;
  readonly megabytes: number;
}

const [services, instances] = process.argv.slice(2).map(Number);
console.log(`${await machine()}; medians of ${RUNS} starts`);
if (services !== undefined && instances !== undefined) {
  await report(services, instances);
} else {
  await report(10, 2);
  await report(10_000, 10);
}

async function report(services: number, instances: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-start-'));
  try {
    const file = join(folder, 'services.yaml');
    writeFileSync(file, servicesFile(services, instances));
    const config = join(folder, 'signalbox.yaml');
    writeFileSync(config, `discovery: { file: { path: ${JSON.stringify(file)} } }\n`);
    const starts: Start[] = [];
    for (let run = 0; run < RUNS; run += 1) starts.push(await start(config));
    const time = median(starts.map(({ milliseconds }) => milliseconds));
    const memory = median(starts.map(({ megabytes }) => megabytes));
    console.log(
      `${services} services of ${instances}: ready in ${time?.toFixed(0)} ms, ${memory?.toFixed(0)} MB`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function servicesFile(services: number, instances: number): string {
  const lines = Array.from({ length: services }, (_, service) => {
    const list = instancesOf(service, instances).map(({ host, port }) => `{ host: ${host}, port: ${port} }`);
    return `  ${serviceName(service)}: [${list.join(', ')}]\n`;
  });
  return `services:\n${lines.join('')}`;
}

async function start(config: string): Promise<Start> {
  const admin = `127.0.0.1:${await freePort()}`;
  const began = performance.now();
  const signalbox = PeerProcess.start('signalbox', process.execPath, [
    ...[PROGRAM, 'serve', '-c', config],
    ...['--xds', '127.0.0.1:0', '--admin', admin],
  ]);
  try {
    while (!(await ready(`http://${admin}/readyz`))) {
      if (!signalbox.running) throw new Error(`signalbox ended: ${signalbox.output}`);
    }
    const milliseconds = performance.now() - began;
    const status = readFileSync(`/proc/${signalbox.pid}/status`, 'utf8');
    return { milliseconds, megabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
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
