// What an update costs the server, against the number of services and against the number of proxies: a table, the
// slopes, and two plots into docs/. npx tsx bench/scaling.ts [RUNS]
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildGo, buildServer } from './build.js';
import { runLoad, type Size } from './load.js';
import { machine } from './machine.js';
import { type Point, straightLine, svg } from './plot.js';
import { startServer } from './servers.js';
import { median } from './table.js';

const RUNS = Number(process.argv[2] ?? 3);
const DOCS = resolve(import.meta.dirname, '../docs');
const SERVICES = [100, 500, 1_000, 2_000, 5_000, 10_000, 20_000];
const PROXIES = [1, 10, 50, 100, 200, 500, 1_000, 2_000];

await buildGo();
await buildServer();
console.log(`${await machine()}; delta, server CPU an update, medians of ${RUNS}\n`);

const perServices = await sweep(
  SERVICES.map((services) => ({ services, endpoints: 4, proxies: 100 })),
  ({ services }) => services,
);
report('scaling-services.svg', 'CPU an update, 100 proxies', 'services', perServices);
const perProxies = await sweep(
  PROXIES.map((proxies) => ({ services: 100, endpoints: 4, proxies })),
  ({ proxies }) => proxies,
);
report('scaling-proxies.svg', 'CPU an update, 100 services', 'proxies', perProxies);

/** The sizes take turns, so that what disturbs the machine for a while disturbs all of them. */
async function sweep(sizes: readonly Size[], x: (size: Size) => number): Promise<readonly Point[]> {
  const found = new Map<Size, number[]>(sizes.map((size) => [size, []]));
  for (let run = 0; run < RUNS; run += 1) {
    for (const size of sizes) found.get(size)?.push(await cpuOfUpdate(size));
  }
  return sizes.map((size) => ({ x: x(size), y: median(found.get(size) ?? []) ?? Number.NaN }));
}

/** Milliseconds. */
async function cpuOfUpdate(size: Size): Promise<number> {
  const server = await startServer('signalbox', size, 'delta');
  try {
    const { updates } = await runLoad(server, 'delta', size, [
      '-updates=100',
      '-warmup=50',
      '-interval=20ms',
    ]);
    return updates?.server_cpu_ms ?? Number.NaN;
  } finally {
    await server.process.stop();
  }
}

function report(file: string, title: string, xTitle: string, points: readonly Point[]): void {
  const { intercept, slope } = straightLine(points);
  console.log(`| ${xTitle} | CPU an update, ms |\n| --: | --: |`);
  for (const { x, y } of points) console.log(`| ${x} | ${y.toFixed(2)} |`);
  console.log(`\n${intercept.toFixed(2)} ms + ${(slope * 1e3).toFixed(3)} µs × ${xTitle}\n`);
  writeFileSync(resolve(DOCS, file), svg({ title, xTitle, yTitle: 'ms', points }));
}
