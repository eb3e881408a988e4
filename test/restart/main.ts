// npm run restart [-- --services 1000] [--runs 5]
// How long after the start of the process a proxy has everything, when no registry can be reached.
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { WireStream } from '../conformance/wire-stream.js';
import { Consul } from '../peers/consul.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { markdownTable, writeSection } from '../reliability/page.js';
import { connect } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';

const { values } = parseArgs({
  options: { services: { type: 'string', default: '1000' }, runs: { type: 'string', default: '5' } },
});
const services = Number(values.services);
const runs = Number(values.runs);
const INSTANCES = 10;
const REGISTRIES = 3;
const PATIENCE = 60_000;
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

const [etcd, consul] = await Promise.all([Etcd.start(), Consul.start({ mode: 'server' })]);
/** Service n is in one of the registries in turn. */
const names = (registry: number) =>
  Array.from({ length: services }, (_, n) => n)
    .filter((n) => n % REGISTRIES === registry)
    .map((n) => `service-${n}`);
const addresses = Array.from({ length: INSTANCES }, (_, n) => ({ host: '127.0.0.1', port: 1_000 + n }));
const entries = (registry: number, prefix: string) =>
  names(registry).flatMap((name) =>
    addresses.map(({ host, port }): [string, unknown] => [`${prefix}${name}/${host}:${port}`, { weight: 1 }]),
  );
await etcd.client.putAll(entries(0, '/services/'));
await consul.kv.putAll(entries(1, 'upstreams/'));
const file = JSON.stringify({ services: Object.fromEntries(names(2).map((name) => [name, addresses])) });

const dump = (registry: string) => ({ dump: { path: `${registry}.dump` } });
const discovery = (kept: boolean) => ({
  etcd: { endpoints: [etcd.url], ...(kept && dump('etcd')) },
  consul_kv: { servers: [consul.url], ...(kept && dump('consul_kv')) },
  file: { path: 'services.yaml', ...(kept && dump('file')) },
});
const VARIANTS = {
  'the snapshot file': { discovery: discovery(false), snapshot: { path: 'served.snapshot' } },
  "each registry's last-known-good file": { discovery: discovery(true) },
};
const rows: (readonly string[])[] = [];
for (const [name, config] of Object.entries(VARIANTS)) {
  const signalbox = await Signalbox.start(
    { ...config, auto_routes: true },
    { before: (folder) => writeFileSync(join(folder, 'services.yaml'), file) },
  );
  const at = (path: string) => join(signalbox.folder, path);
  await everything(signalbox.xdsPort);
  const kept = 'snapshot' in config ? ['served.snapshot'] : ['etcd.dump', 'consul_kv.dump', 'file.dump'];
  await eventually(() => {
    for (const path of kept)
      if (!existsSync(at(path)) || statSync(at(path)).size === 0) throw new Error(path);
  }, PATIENCE);
  await signalbox.stop();
  renameSync(at('services.yaml'), at('services.away'));
  for (const how of ['stopped', 'frozen'] as const) {
    if (how === 'stopped') await Promise.all([etcd.stop(), consul.stop('SIGKILL')]);
    else for (const peer of [etcd, consul]) peer.process.freeze();
    const times: { readonly serving: number; readonly whole: number; readonly processor: number }[] = [];
    for (let run = 0; run < runs; run += 1) {
      const began = performance.now();
      await signalbox.run('serving');
      const serving = performance.now() - began;
      await everything(signalbox.xdsPort);
      const whole = performance.now() - began;
      times.push({ serving, whole, processor: processorTime(signalbox.process.pid) });
      await signalbox.stop('SIGKILL');
    }
    const spread = (key: 'serving' | 'whole' | 'processor') => {
      const sorted = times.map((time) => time[key] / 1_000).sort((a, b) => a - b);
      return [0, sorted.length >> 1, sorted.length - 1].map((n) => sorted[n]?.toFixed(2)).join(' / ');
    };
    rows.push([name, how, spread('serving'), spread('whole'), spread('processor')]);
    console.log(rows.at(-1)?.join(' | '));
    if (how === 'stopped') await Promise.all([etcd.start(), consul.start()]);
    else for (const peer of [etcd, consul]) process.kill(peer.process.pid, 'SIGCONT');
  }
  await signalbox.close();
}
await Promise.all([etcd.close(), consul.close()]);

const report = [
  `${services} services of ${INSTANCES} instances, a third of them in an etcd, a Consul KV and a file each; ${runs} starts in each row. Least / ` +
    `median / greatest time, s. Load of the machine, which had ${cpus().length} processors: ${loadavg()[0]?.toFixed(1)}.`,
  '',
  markdownTable(
    [
      'Served from',
      'The registries are',
      'until it listens',
      'until a proxy has all clusters and load assignments',
      'processor time in that',
    ],
    rows,
  ),
].join('\n');
console.log(report);
writeSection('restart', report);
process.exit();

/** What a process has used, of all processors, milliseconds. What others do on the machine counts less in it. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const TICK = 10;
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** Resolves when a new proxy has been sent all that there is. */
async function everything(port: number): Promise<void> {
  const client = connect(`127.0.0.1:${port}`, { 'grpc.max_receive_message_length': -1 });
  const missing = new Map(
    [TYPE_URL.cluster, TYPE_URL.endpoints].map((typeUrl) => [typeUrl as string, services]),
  );
  await new Promise<void>((done) => {
    const stream = new WireStream(client, ADS, 'delta', ({ typeUrl, nonce, resources }) => {
      stream.send({ typeUrl, nonce });
      missing.set(typeUrl, (missing.get(typeUrl) ?? 0) - resources.length);
      if ([...missing.values()].every((count) => count <= 0)) done();
    });
    const node = { id: 'restart', cluster: 'restart' };
    for (const typeUrl of missing.keys()) stream.send({ typeUrl, node, subscribe: ['*'] });
  });
  client.close();
}
