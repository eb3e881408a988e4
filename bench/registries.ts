// 500 services in a real registry of each type that is a server: what an idle Signalbox with the default options asks
// each of them in a minute. Run after `npm run build`: npx tsx bench/registries.ts
import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import { Consul } from '../test/peers/consul.js';
import { ConsulCatalog } from '../test/peers/consul-catalog.js';
import { Etcd } from '../test/peers/etcd.js';
import { Eureka } from '../test/peers/eureka.js';
import { eventually } from '../test/peers/eventually.js';
import { Nacos } from '../test/peers/nacos.js';
import { ZooKeeperServer } from '../test/peers/zookeeper.js';
import { recorderOf } from '../test/support/http-recorder.js';
import { Signalbox } from '../test/support/signalbox.js';

const SERVICES = 500;
/** Until what follows the start is over, Nacos's and Eureka's second reads among it. */
const SETTLE = 40_000;
const WINDOW = 60_000;
const PORT = 8080;

const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
const host = (index: number) => `10.0.${index >> 8}.${index & 255}`;

/** Eight at a time. */
async function forEachService(register: (name: string, host: string) => Promise<void>): Promise<void> {
  const left = [...names.entries()];
  const worker = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await register(next[1], host(next[0]));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Calls and messages of streams that etcd has received over gRPC. */
async function etcdMessages({ url }: Etcd): Promise<number> {
  const { body } = await request(`${url}/metrics`);
  const counters = (await body.text()).matchAll(/^grpc_server_msg_received_total\{.*\} (\S+)$/gm);
  return [...counters].reduce((sum, [, count]) => sum + Number(count), 0);
}

const [kv, consul, etcd, eureka, nacos, zookeeper] = await Promise.all([
  Consul.start(),
  Consul.start(),
  Etcd.start(),
  Eureka.start(),
  Nacos.start(),
  ZooKeeperServer.start(),
]);
const catalog = new ConsulCatalog(consul.url);
const client = await zookeeper.client();
await kv.kv.putAll(names.map((name, index) => [`upstreams/${name}/${host(index)}:${PORT}`, {}]));
await etcd.client.putAll(names.map((name, index) => [`/services/${name}/${host(index)}:${PORT}`, {}]));
await client.put('/services');
await client.putAll(
  names.flatMap((name, index) => [
    [`/services/${name}`, ''] as const,
    [`/services/${name}/${host(index)}:${PORT}`, '{}'] as const,
  ]),
);
client.close();
await forEachService((service, address) => catalog.register({ service, address, port: PORT }));
await catalog.close();
await forEachService((app, address) => eureka.register({ app, host: address, port: PORT }));
await forEachService((serviceName, ip) => nacos.register({ serviceName, ip, port: PORT }));

const recorders = {
  consul_kv: await recorderOf(kv.url).start(),
  consul: await recorderOf(consul.url).start(),
  eureka: await recorderOf(eureka.url).start(),
  nacos: await recorderOf(nacos.url).start(),
};
const signalbox = await Signalbox.start({
  discovery: {
    consul_kv: { servers: [recorders.consul_kv.url] },
    consul: { servers: [recorders.consul.url] },
    etcd: { endpoints: [etcd.url] },
    eureka: { host: [recorders.eureka.url.replace('//', '//eve:plain@')] },
    // The recorder passes HTTP on, not the gRPC of a push, which is one request every 5 s.
    nacos: { host: [recorders.nacos.url], push: false },
    zookeeper: { hosts: [zookeeper.host] },
  },
});
const counts = async () => ({
  ...Object.fromEntries(Object.entries(recorders).map(([name, { requests }]) => [name, requests.length])),
  etcd: await etcdMessages(etcd),
  zookeeper: await zookeeper.received(),
});
await eventually(async () => {
  const { registries } = await signalbox.get<{ registries: { registry: string; services: number }[] }>(
    '/registries',
  );
  const short = registries.filter(({ services }) => services !== SERVICES);
  if (short.length > 0) throw new Error(`not ${SERVICES} services: ${JSON.stringify(short)}`);
}, 60_000);
await setTimeout(SETTLE);
const before: Readonly<Record<string, number>> = await counts();
await setTimeout(WINDOW);
for (const [name, count] of Object.entries(await counts()))
  console.log(`${name}: ${count - (before[name] ?? 0)} requests a minute, idle, ${SERVICES} services`);

await signalbox.close();
await Promise.all(Object.values(recorders).map((recorder) => recorder.stop()));
await Promise.all([kv, consul, etcd, eureka, nacos, zookeeper].map((peer) => peer.close()));
