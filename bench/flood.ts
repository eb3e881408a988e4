// A thousand changes a second for half a minute to 500 proxies: how late is the last state, how long does the event
// loop stand still? npx tsx bench/flood.ts [RATE SECONDS PROXIES]
import { buildGo, buildServer } from './build.js';
import { runLoad } from './load.js';
import { machine } from './machine.js';
import type { ServerStats } from './server-stats.js';
import { startServer } from './servers.js';

const [rate = 1_000, seconds = 30, proxies = 500] = process.argv.slice(2).map(Number);
const size = { services: 1_000, endpoints: 10, proxies };

await buildGo();
await buildServer();
console.log(`${await machine()}; ${JSON.stringify(size)}, ${rate} changes/s for ${seconds} s`);
for (const variant of ['delta', 'sotw'] as const) {
  const server = await startServer('signalbox', size, variant);
  try {
    const { updates, check, rss_mb } = await runLoad(server, variant, size, [
      ...['-serial=false', `-interval=${1e6 / rate}us`, '-warmup=50', `-updates=${rate * seconds}`],
      ...[
        `-budget=${seconds + 60}s`,
        `-update-stream=${server.control}/updates`,
        `-mark-url=${server.control}/stats?reset`,
      ],
    ]);
    if (updates === undefined) throw new Error('the load generator measured no updates');
    const { event_loop } = updates.mark as ServerStats;
    const firing = updates.wall_s - updates.drain_ms / 1e3;
    console.log(
      `${variant}: ${updates.n} changes in ${firing.toFixed(1)} s, ` +
        `${(updates.resources.eds ?? 0).toFixed(3)} resources and ${updates.rx_bytes} bytes for each at a proxy; ` +
        `last state everywhere ${updates.drain_ms.toFixed(0)} ms after the end ` +
        `(superseded on the way: ${check.coalesced}, missed: ${check.missed}, wrong: ${check.wrong_final}); ` +
        `server CPU ${(updates.server_cpu_ms * updates.n * 1e-3).toFixed(1)} s, ${rss_mb.peak} MB at most; ` +
        `event loop late by p50 ${event_loop.p50_ms.toFixed(1)}, p99 ${event_loop.p99_ms.toFixed(1)}, ` +
        `at most ${event_loop.max_ms.toFixed(0)} ms, by its own CPU at most ${event_loop.blocked_ms.toFixed(0)} ms; others ${updates.others_cpu_pct} % of the machine`,
    );
  } finally {
    await server.process.stop();
  }
}
