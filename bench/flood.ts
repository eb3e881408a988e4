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
const titles = [
  ...['', 'changes', 'resources a change and proxy', 'last state everywhere after, ms', 'missed / wrong'],
  ...['server CPU, s', 'memory at most, MB', 'event loop late, p99 / max, ms'],
  ...['longest by own CPU, ms', 'others, % of the machine'],
];
console.log(`\n| ${titles.join(' | ')} |\n| ${titles.map(() => '--:').join(' | ')} |`);
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
    const figures = [
      `${updates.n} in ${(updates.wall_s - updates.drain_ms / 1e3).toFixed(1)} s`,
      (updates.resources.eds ?? 0).toFixed(3),
      updates.drain_ms.toFixed(0),
      `${check.missed} / ${check.wrong_final}`,
      (updates.server_cpu_ms * updates.n * 1e-3).toFixed(1),
      String(rss_mb.peak),
      `${event_loop.p99_ms.toFixed(0)} / ${event_loop.max_ms.toFixed(0)}`,
      event_loop.blocked_ms.toFixed(0),
      String(updates.others_cpu_pct),
    ];
    console.log(`| ${[variant, ...figures].join(' | ')} |`);
  } finally {
    await server.process.stop();
  }
}
