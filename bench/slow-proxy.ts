// One proxy stops reading while a hundred others follow 2,000 changes: what that costs the others and the server, and
// what the slow one has once it reads again. npx tsx bench/slow-proxy.ts

import { eventually } from '../test/peers/eventually.js';
import { buildGo, buildServer } from './build.js';
import { DeltaClient } from './delta-client.js';
import { serviceName } from './fixture.js';
import { type LoadResult, runLoad } from './load.js';
import { machine } from './machine.js';
import type { ServerStats } from './server-stats.js';
import { type RunningServer, startServer } from './servers.js';

const size = { services: 1_000, endpoints: 10, proxies: 100 };
const UPDATES = 2_000;
/** The load generator changes service `k * STRIDE % services` with its k-th update. */
const STRIDE = 7_919;

await buildGo();
await buildServer();
console.log(`${await machine()}; ${JSON.stringify(size)}, ${UPDATES} changes\n`);
const server = await startServer('signalbox', size, 'delta', ['--expose-gc']);
try {
  await follow(server, 1_000);
  console.log(`- nobody slow: ${told(await follow(server, 10_000))}`);
  const proxy = await DeltaClient.connect(server.grpcAddress, size.services);
  const before = await stats(server);
  proxy.pause();
  const received = proxy.responses;
  console.log(`- one slow: ${told(await follow(server, 20_000))}`);
  const after = await stats(server);
  console.log(
    `- memory in use: ${before.memory.used_mb.toFixed(1)} MB before, ${after.memory.used_mb.toFixed(1)} MB after; ` +
      `the slow proxy read ${proxy.responses - received} responses meanwhile`,
  );
  const began = performance.now();
  proxy.resume();
  await eventually(() => expectLatest(proxy, 20_000));
  console.log(
    `- reading again: the latest state after ${(performance.now() - began).toFixed(0)} ms, ` +
      `in ${proxy.responses - received} responses for ${UPDATES} changes`,
  );
  proxy.close();
} finally {
  await server.process.stop();
}

/** @param base the k-th change sets the weight base + k + 1 */
async function follow(running: RunningServer, base: number): Promise<LoadResult> {
  const flags = [`-updates=${UPDATES}`, '-warmup=0', '-interval=5ms', `-weight-base=${base}`, '-budget=120s'];
  return await runLoad(running, 'delta', size, flags);
}

function told({ updates, rss_mb }: LoadResult): string {
  return (
    `p50 ${updates?.p50_ms.toFixed(1)} ms, p99 ${updates?.p99_ms.toFixed(1)} ms, ` +
    `server CPU an update ${updates?.server_cpu_ms.toFixed(1)} ms, ${rss_mb.end} MB resident, ` +
    `others ${updates?.others_cpu_pct} % of the machine`
  );
}

function expectLatest(proxy: DeltaClient, base: number): void {
  const latest = new Map<string, number>();
  for (let update = 0; update < UPDATES; update += 1) {
    latest.set(serviceName((update * STRIDE) % size.services), base + update + 1);
  }
  for (const [name, weight] of latest) {
    if (proxy.weightOf(name) !== weight)
      throw new Error(`${name}: ${proxy.weightOf(name)} instead of ${weight}`);
  }
}

/** After a garbage collection, and once the other proxies have gone. */
async function stats(running: RunningServer): Promise<ServerStats> {
  return await eventually(async () => {
    const answer = (await (await fetch(`${running.control}/stats`)).json()) as ServerStats;
    if (answer.streams > 1) throw new Error(`${answer.streams} streams are open`);
    return answer;
  });
}
