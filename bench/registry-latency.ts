// From a put into a real Consul KV and a real etcd to the bytes at 100 proxies, beside what a bare client's watch of
// the same server sees. Run after `npm run build`: npx tsx bench/registry-latency.ts [UPDATES]
import { Consul } from '../test/peers/consul.js';
import { Etcd } from '../test/peers/etcd.js';
import { Signalbox } from '../test/support/signalbox.js';
import { buildGo } from './build.js';
import { serviceName } from './fixture.js';
import { type LoadResult, runLoad, type Size } from './load.js';
import { machine } from './machine.js';

const UPDATES = Number(process.argv[2] ?? 250);
const size: Size = { services: 100, endpoints: 10, proxies: 100 };
const names = Array.from({ length: size.services }, (_, service) => serviceName(service));
/** The load generator changes the first one. */
const instances = Array.from({ length: size.endpoints }, (_, index) => `127.0.0.${index + 1}:8080`);

interface Registry {
  readonly kind: 'consul' | 'etcd';
  readonly address: string;
  readonly prefix: string;
  /** Milliseconds between puts: Signalbox asks a Consul that changes all the time 10 times a second at most. */
  readonly interval: number;
  readonly discovery: object;
}

await buildGo();
console.log(`${await machine()}; ${JSON.stringify(size)}, ${UPDATES} puts each\n`);
console.log('| ms after the put, p50 / p99 | bare watch | each proxy | last proxy | over the bare watch |');
console.log('| --- | --: | --: | --: | --: |');

const consul = await Consul.start();
await consul.kv.putAll(entries('upstreams/'));
await report({
  kind: 'consul',
  address: consul.url,
  prefix: 'upstreams/',
  interval: 120,
  discovery: { consul_kv: { servers: [consul.url] } },
});
await consul.close();

const etcd = await Etcd.start();
await etcd.client.putAll(entries('/services/'));
await report({
  kind: 'etcd',
  address: etcd.url.replace('http://', ''),
  prefix: '/services/',
  interval: 50,
  discovery: { etcd: { endpoints: [etcd.url] } },
});
await etcd.close();

function entries(prefix: string): readonly (readonly [string, unknown])[] {
  return names.flatMap((name) =>
    instances.map((instance) => [`${prefix}${name}/${instance}`, { weight: 1 }] as const),
  );
}

async function report(registry: Registry): Promise<void> {
  const { updates } = await measure(registry);
  if (updates === undefined || updates.bare_n < updates.n)
    throw new Error(`the bare watch saw ${updates?.bare_n} of ${updates?.n} puts`);
  const { p50_ms, p99_ms, bare_p50_ms, bare_p99_ms, all_clients_p50_ms, all_clients_p99_ms } = updates;
  const pairs = [
    [bare_p50_ms, bare_p99_ms],
    [p50_ms, p99_ms],
    [all_clients_p50_ms, all_clients_p99_ms],
    [p50_ms - bare_p50_ms, p99_ms - bare_p99_ms],
  ];
  const cells = pairs.map((pair) => pair.map((value) => value.toFixed(1)).join(' / '));
  console.log(`| ${registry.kind} | ${cells.join(' | ')} |`);
}

async function measure({ kind, address, prefix, interval, discovery }: Registry): Promise<LoadResult> {
  const signalbox = await Signalbox.start({
    discovery,
    listeners: [{ name: 'listener-0', address: '127.0.0.1:19000' }],
    routes: names.map((name) => ({ match: { prefix: `/${name}/` }, service_name: name })),
  });
  try {
    const server = {
      process: signalbox.process,
      grpcAddress: `127.0.0.1:${signalbox.xdsPort}`,
      control: signalbox.admin,
    };
    return await runLoad(server, 'delta', size, [
      ...[`-registry=${kind}`, `-registry-addr=${address}`, `-registry-key=${prefix}{name}/${instances[0]}`],
      ...[`-updates=${UPDATES}`, '-warmup=50', `-interval=${interval}ms`, '-budget=200s'],
    ]);
  } finally {
    await signalbox.close();
  }
}
