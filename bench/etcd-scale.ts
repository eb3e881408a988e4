// 10,000 services of 10 instances in a real etcd: time to ready, memory, what one change costs, whether a flood of
// puts is taken without loss; and what one changed route among 10,000 costs.
// Run after `npm run build`: npx tsx bench/etcd-scale.ts
import { setTimeout } from 'node:timers/promises';
import { adsBootstrap, Envoy } from '../test/peers/envoy.js';
import { Etcd } from '../test/peers/etcd.js';
import { eventually } from '../test/peers/eventually.js';
import { freePort } from '../test/peers/process.js';
import { TcpProxy } from '../test/peers/tcp-proxy.js';
import { Signalbox } from '../test/support/signalbox.js';
import { cpuMilliseconds, residentMegabytes } from './process-usage.js';

const SERVICES = 10_000;
const INSTANCES = 10;
const CHANGES = 50;
const FLOOD_SECONDS = 30;
const FLOOD_RATE = 1_000;
const ROUTES = 10_000;

const key = (service: number, instance: number) =>
  `/services/s${service}/10.${service >> 8}.${service & 255}.${instance + 1}:8080`;

function* entries(): Generator<readonly [string, unknown]> {
  for (let service = 0; service < SERVICES; service += 1) {
    for (let instance = 0; instance < INSTANCES; instance += 1) yield [key(service, instance), { weight: 1 }];
  }
}

const etcd = await Etcd.start();
await etcd.client.putAll(entries());
const reach = { endpoints: [etcd.url] };

{
  const began = performance.now();
  const signalbox = await Signalbox.start({ discovery: { etcd: reach } });
  const ready = performance.now() - began;
  const { pid } = signalbox.process;
  console.log(
    `${SERVICES} services of ${INSTANCES}: ready in ${ready.toFixed(0)} ms (CPU ${cpuMilliseconds(pid)} ms), ` +
      `${residentMegabytes(pid).toFixed(0)} MB`,
  );
  const weightsOf = async (service: number) => {
    const { instances } = await signalbox.get<{ instances: { weight: number }[] }>(`/services/s${service}`);
    return instances.map(({ weight }) => weight);
  };
  const until = (service: number, weight: number, milliseconds = 60_000) =>
    eventually(
      async () => {
        if (!(await weightsOf(service)).includes(weight)) throw new Error('not seen yet');
      },
      milliseconds,
      5,
    );

  const before = cpuMilliseconds(pid);
  for (let change = 0; change < CHANGES; change += 1) {
    await etcd.client.put(key(change, 0), { weight: 100 + change });
    await until(change, 100 + change);
  }
  const each = (cpuMilliseconds(pid) - before) / CHANGES;
  console.log(
    `one changed instance: ${each.toFixed(1)} ms of CPU, what the admin API took to be asked included`,
  );

  const flood = cpuMilliseconds(pid);
  const last = new Map<number, number>();
  const start = performance.now();
  let written = 0;
  while (performance.now() - start < FLOOD_SECONDS * 1_000) {
    const due = Math.min(
      FLOOD_SECONDS * FLOOD_RATE,
      Math.floor(((performance.now() - start) / 1_000) * FLOOD_RATE),
    );
    const batch = Array.from({ length: Math.min(due - written, 100) }, (_, n) => written + n);
    await Promise.all(
      batch.map(async (n) => {
        const service = (n * 7) % SERVICES;
        last.set(service, 1_000 + n);
        await etcd.client.put(key(service, 1), { weight: 1_000 + n });
      }),
    );
    written += batch.length;
    await setTimeout(2);
  }
  const seconds = (performance.now() - start) / 1_000;
  const end = performance.now();
  await until((((written - 1) * 7) % SERVICES) as number, 1_000 + written - 1);
  const lag = performance.now() - end;
  let lost = 0;
  for (const [service, weight] of last) if (!(await weightsOf(service)).includes(weight)) lost += 1;
  console.log(
    `${written} puts in ${seconds.toFixed(1)} s (${(written / seconds).toFixed(0)} a second): ` +
      `lag at the end ${lag.toFixed(0)} ms, ${lost} of ${last.size} services without their last value, ` +
      `CPU ${cpuMilliseconds(pid) - flood} ms, ${residentMegabytes(pid).toFixed(0)} MB`,
  );
  await signalbox.close();
}

for (const hosts of [1, ROUTES] as const) {
  const prefix = `/routes-${hosts}`;
  const document = (n: number, version: number) => ({
    ...(hosts > 1 && { hosts: [`h${n}.example.com`] }),
    match: { prefix: `/route-${n}/v${version}/` },
    service_name: `s${n % 100}`,
    rewrite: { prefix: '/' },
  });
  await etcd.client.putAll(
    Array.from({ length: ROUTES }, (_, n) => [`${prefix}/routes/${n}`, document(n, 0)] as const),
  );
  const began = performance.now();
  const signalbox = await Signalbox.start({
    routes_from: { etcd: { ...reach, prefix } },
    listeners: [{ name: 'http', address: `127.0.0.1:${await freePort()}` }],
  });
  const ready = performance.now() - began;
  const wire = await TcpProxy.start(signalbox.xdsPort);
  const envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: wire.port }));
  const rds = async () =>
    (await envoy.stats('http.http.rds.http.update_success')).get('http.http.rds.http.update_success');
  const { pid } = signalbox.process;
  const [cpu, bytes, envoyCpu] = [
    cpuMilliseconds(pid),
    wire.bytes.toClient,
    cpuMilliseconds(envoy.process.pid),
  ];
  for (let change = 1; change <= CHANGES; change += 1) {
    const seen = (await rds()) ?? 0;
    await etcd.client.put(`${prefix}/routes/${change}`, document(change, change));
    await eventually(
      async () => {
        if (((await rds()) ?? 0) <= seen) throw new Error('not seen yet');
      },
      60_000,
      20,
    );
  }
  console.log(
    `one changed route among ${ROUTES} in ${hosts} virtual host(s) (ready in ${ready.toFixed(0)} ms): ` +
      `${((cpuMilliseconds(pid) - cpu) / CHANGES).toFixed(1)} ms of CPU, ` +
      `${((wire.bytes.toClient - bytes) / CHANGES / 1_000).toFixed(0)} kB to each proxy; Envoy itself ` +
      `${((cpuMilliseconds(envoy.process.pid) - envoyCpu) / CHANGES).toFixed(0)} ms of CPU; ` +
      `${residentMegabytes(pid).toFixed(0)} MB`,
  );
  await envoy.stop();
  await wire.close();
  await signalbox.close();
}
await etcd.close();
