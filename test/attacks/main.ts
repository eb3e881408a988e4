// npm run attacks [-- --seconds 10] [--only TEXT]
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { parseConfig } from '../../src/config/load.js';
import { Certificates } from '../peers/certificates.js';
import { Etcd } from '../peers/etcd.js';
import { PeerProcess } from '../peers/process.js';
import { markdownTable, writeSection } from '../reliability/page.js';
import { Signalbox } from '../support/signalbox.js';
import { ATTACKS, EXPIRED, PLAIN, SETTINGS, WRONG } from './attacks.js';
import { type Latencies, Probe } from './probe.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '10' }, only: { type: 'string', default: '' } },
});
const milliseconds = Number(values.seconds) * 1_000;
const SERVICES = 50;
const INSTANCES = 20;

const etcd = await Etcd.start();
await etcd.client.putAll(
  Array.from({ length: SERVICES * INSTANCES }, (_, n) => [
    `/services/service-${n % SERVICES}/127.0.0.1:${1_000 + Math.floor(n / SERVICES)}`,
    { weight: 1 },
  ]),
);
const discovery = { etcd: { endpoints: [etcd.url] } };
const [good, other] = await Promise.all([Certificates.make(), Certificates.make()]);
const tls = { ...good.server, client_ca: good.ca };
const shown = new Map([
  [WRONG, other.client],
  [EXPIRED, await good.expired('late', 'DNS:late')],
]);
const trusted = credentials.createSsl(
  ...[good.ca, good.client.key, good.client.cert].map((path) => readFileSync(path)),
);
const speaksTls = parseConfig(JSON.stringify({ xds: { tls } }), 'signalbox.yaml', {}).problems === undefined;
const load = () => loadavg()[0]?.toFixed(1);
const loads = [load()];
const rows: (readonly string[])[] = [];
const failures: string[] = [];

/** A server of its own for each attack, so that none inherits what another left behind. */
for (const name of Object.keys(ATTACKS).filter((text) => text.includes(values.only))) {
  const secure = [WRONG, EXPIRED, PLAIN].includes(name);
  if (secure && !speaksTls) {
    rows.push([name, 'this build has no TLS on the xDS port', '', '', '', '']);
    continue;
  }
  const { limits, services } = SETTINGS[name] ?? {};
  const xds = { listen: '127.0.0.1:0', ...(secure && { tls }) };
  const file = services && { file: { path: 'services.yaml' } };
  const signalbox = await Signalbox.start(
    { xds, ...(limits && { limits }), discovery: { ...discovery, ...file }, auto_routes: true },
    { before: (folder) => writeFileSync(join(folder, 'services.yaml'), JSON.stringify({ services })) },
  );
  const { xdsPort, admin, process: server } = signalbox;
  const probe = new Probe(etcd, xdsPort, server.pid, secure ? trusted : undefined);
  await probe.measure(1_000);
  const before = await probe.measure(milliseconds / 2);
  const attacker = PeerProcess.start('attacker', process.execPath, [
    '--import',
    'tsx',
    resolve(import.meta.dirname, 'attacker.ts'),
    name,
    String(xdsPort),
    admin,
    ...Object.values(shown.get(name) ?? {}),
  ]);
  const during = await probe.measure(milliseconds);
  await attacker.stop('SIGTERM', 20_000);
  const after = server.running ? await probe.measure(milliseconds / 2) : undefined;
  const outcome =
    [...attacker.output.matchAll(/OUTCOME (.*)\n/g)].at(-1)?.[1] ??
    `the attacker said nothing: ${attacker.output.slice(-300)}`;
  if (!server.running) failures.push(`${name}: the server ended`);
  if (during.lost + (after?.lost ?? 0) > 0)
    failures.push(`${name}: ${during.lost + (after?.lost ?? 0)} changes did not come`);
  if (!server.running) console.log(server.output.slice(-1_500));
  rows.push([
    name,
    outcome,
    latency(before),
    latency(during),
    after ? latency(after) : 'ended',
    memory(before, during, after),
  ]);
  console.log(rows.at(-1)?.join(' | '));
  probe.close();
  await signalbox.close();
}
await etcd.close();
good.remove();
other.remove();

loads.push(load());
const report = [
  `Each against a Signalbox of its own with ${SERVICES} services of ${INSTANCES} instances, for ${values.seconds} s. Latency is that of a ` +
    'well-behaved proxy, from the write to etcd until the update is there: median / 99th percentile / worst, ms. ' +
    `Load of the machine, which had ${cpus().length} processors, at the start and at the end: ${loads.join(' and ')}.`,
  '',
  markdownTable(
    ['Attack', 'What came of it', 'before', 'during', 'after', 'RSS before, during, after, MB'],
    rows,
  ),
].join('\n');
console.log(report);
for (const failure of failures) console.log(`FAILED ${failure}`);
if (values.only === '') writeSection('attacks', report);
process.exit(failures.length === 0 ? 0 : 1);

function latency({ times, lost }: Latencies): string {
  const at = (share: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}${lost > 0 ? `, **${lost} lost**` : ''}`;
}

function memory(...of: readonly (Latencies | undefined)[]): string {
  return of.map((measured) => measured?.rss.toFixed(0) ?? '–').join(', ');
}
