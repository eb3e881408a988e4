// 10,000 keys in 1,000 services of a real Consul KV: time to ready, memory, and what one change costs.
// Run after `npm run build`: npx tsx bench/consul-kv-scale.ts
import { Consul } from '../test/peers/consul.js';
import { eventually } from '../test/peers/eventually.js';
import { Signalbox } from '../test/support/signalbox.js';
import { cpuMilliseconds, residentMegabytes } from './process-usage.js';

const SERVICES = 1_000;
const INSTANCES = 10;
const CHANGES = 50;

const key = (service: number, instance: number) =>
  `upstreams/service-${service}/10.${service >> 8}.${service & 255}.${instance + 1}:8080`;

function* entries(): Generator<readonly [string, unknown]> {
  for (let service = 0; service < SERVICES; service += 1) {
    for (let instance = 0; instance < INSTANCES; instance += 1) yield [key(service, instance), { weight: 1 }];
  }
}

const consul = await Consul.start();
await consul.kv.putAll(entries());
const began = performance.now();
const signalbox = await Signalbox.start({ discovery: { consul_kv: { servers: [consul.url] } } });
const ready = performance.now() - began;
const { pid } = signalbox.process;
const startCpu = cpuMilliseconds(pid);

const weightOf = async (service: number) => {
  const { instances } = await signalbox.get<{ instances: { weight: number }[] }>(
    `/services/service-${service}`,
  );
  return Math.max(...instances.map(({ weight }) => weight));
};
const before = cpuMilliseconds(pid);
for (let change = 0; change < CHANGES; change += 1) {
  await consul.kv.put(key(change, 0), { weight: 100 + change });
  await eventually(async () => {
    if ((await weightOf(change)) !== 100 + change) throw new Error('not seen yet');
  });
}
const each = (cpuMilliseconds(pid) - before) / CHANGES;
console.log(
  `${SERVICES * INSTANCES} keys in ${SERVICES} services: ready in ${ready.toFixed(0)} ms (CPU ${startCpu} ms), ` +
    `${residentMegabytes(pid).toFixed(0)} MB, CPU for one change ${each.toFixed(1)} ms`,
);
await signalbox.close();
await consul.close();
