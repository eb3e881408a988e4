// What serving the proxies by several processes gains and costs: a Markdown table of medians, one column for each
// number of workers; 0 is the one process that does everything. npx tsx bench/workers.ts [PROXIES RUNS [WORKERS…]]
import { freePort, PeerProcess } from '../test/peers/process.js';
import { buildGo, buildServer, SERVER } from './build.js';
import { type LoadResult, runLoad, type Size } from './load.js';
import { machine } from './machine.js';
import { DEPLOYED, type RunningServer } from './servers.js';
import { median, rounded } from './table.js';

const [proxies = 4_000, runs = 3, ...chosen] = process.argv.slice(2).map(Number);
const numbers = chosen.length > 0 ? chosen : [0, 1, 2];
const size: Size = { services: 1_000, endpoints: 10, proxies };

interface Row {
  readonly title: string;
  readonly of: (result: LoadResult) => number | undefined;
}

const ROWS: readonly Row[] = [
  { title: 'change to proxy, p50, ms', of: ({ updates }) => updates?.p50_ms },
  { title: 'change to proxy, p99, ms', of: ({ updates }) => updates?.p99_ms },
  { title: 'server CPU an update, ms', of: ({ updates }) => updates?.server_cpu_ms },
  { title: 'of that the busiest process, ms', of: ({ updates }) => updates?.busiest_cpu_ms },
  { title: 'connect storm: all complete, ms', of: ({ storm }) => storm.all_ms },
  { title: 'connect storm: server CPU, ms', of: ({ storm }) => storm.server_cpu_s * 1e3 },
  { title: 'memory before a proxy came, MB', of: ({ rss_mb }) => rss_mb.idle },
  { title: 'memory after the storm, MB', of: ({ rss_mb }) => rss_mb.storm },
  { title: 'what other programs took of the machine, %', of: disturbance },
];

await buildGo();
await buildServer();
const results = new Map<number, LoadResult[]>(numbers.map((workers) => [workers, []]));
// They take turns, so that what disturbs the machine for a while disturbs all of them.
for (let run = 0; run < runs; run += 1) {
  for (const [workers, ofNumber] of results) {
    const result = await runOnce(workers);
    ofNumber.push(result);
    const figures = ROWS.map(({ title, of }) => `${title} ${rounded(of(result))}`).join('; ');
    console.error(`run ${run + 1}, workers ${workers}: others ${disturbance(result)} %; ${figures}`);
  }
}
const columns = numbers.map((workers) => results.get(workers) ?? []);
console.log(`${await machine()}; ${proxies} delta streams, S=${size.services} E=${size.endpoints}, medians of ${runs}
all processes of the server together
`);
console.log(`| workers | ${numbers.join(' | ')} |\n| --- |${' --: |'.repeat(numbers.length)}`);
for (const { title, of } of ROWS) {
  const cells = columns.map((found) => rounded(median(found.map(of).filter((value) => value !== undefined))));
  console.log(`| ${title} | ${cells.join(' | ')} |`);
}

function disturbance({ storm, updates }: LoadResult): number {
  return Math.max(storm.others_cpu_pct, updates?.others_cpu_pct ?? 0);
}

async function runOnce(workers: number): Promise<LoadResult> {
  const grpcAddress = `127.0.0.1:${await freePort()}`;
  const httpPort = await freePort();
  const server = PeerProcess.start('signalbox', process.execPath, [
    ...DEPLOYED,
    SERVER,
    ...[size.services, size.endpoints].map(String),
    ...[grpcAddress, String(httpPort), String(workers)],
  ]);
  const control = `http://127.0.0.1:${httpPort}`;
  try {
    await server.until(async () => (await fetch(control)).status > 0);
    const running: RunningServer = { process: server, grpcAddress, control };
    return await runLoad(running, 'delta', size, [
      ...['-pid-tree', '-updates=30', '-warmup=20', '-interval=200ms'],
      ...['-timeout=120s', '-budget=240s'],
    ]);
  } finally {
    await server.stop();
  }
}
