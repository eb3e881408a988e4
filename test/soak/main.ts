// npm run soak [-- --minutes 30] [--streams 200] [--rate 100]
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { Random } from '../conformance/random.js';
import { Consul } from '../peers/consul.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { markdownTable, writeSection } from '../reliability/page.js';
import { connect } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';
import { Churn } from './churn.js';
import { floors, type MemorySample, readMemory, slope } from './memory.js';
import { SteadyProxy } from './steady-proxy.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    streams: { type: 'string', default: '200' },
    rate: { type: 'string', default: '100' },
  },
});
const minutes = Number(values.minutes);
const streams = Number(values.streams);
const rate = Number(values.rate);

/** Streams that go and come each second. */
const COMING_AND_GOING = Math.ceil(streams / 50);
const SAMPLE_EVERY = 2;
/** Of the whole time: memory may still grow in it. */
const WARM_UP = 0.25;
const WINDOW = Math.max(10, minutes * 2);
/** Megabytes an hour that count as flat: what the fit of noise gives. */
const FLAT = 30;

const random = new Random(1);
const [etcd, consul] = await Promise.all([Etcd.start(), Consul.start()]);
const churn = new Churn(etcd, consul, random);
await churn.fill();
const signalbox = await Signalbox.start({
  discovery: {
    etcd: { endpoints: [etcd.url] },
    consul_kv: { servers: [consul.url] },
  },
  listeners: [{ name: 'http', address: '127.0.0.1:10000' }],
  auto_routes: true,
});
// Asked for now: what it said at its start is out of memory when it has said much more.
const { admin, xdsPort } = signalbox;
const client = () => connect(`127.0.0.1:${xdsPort}`, { 'grpc.use_local_subchannel_pool': 1 });
const proxies: { readonly proxy: SteadyProxy; close(): void }[] = [];
const lost: string[] = [];
let opened = 0;

function open(): void {
  opened += 1;
  const own = client();
  // Every other one is a proxy never seen before.
  const id = opened % 2 === 0 ? `proxy-${opened}` : `proxy-${opened % (2 * streams)}`;
  const protocol = opened % 4 < 2 ? 'delta' : 'sotw';
  const proxy = new SteadyProxy(own, id, protocol, (reason) => lost.push(reason));
  proxies.push({
    proxy,
    close: () => {
      proxy.close();
      own.close();
    },
  });
}

for (let n = 0; n < streams; n += 1) open();
const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
const end = new AbortController();
const changing = churn.run(rate, end.signal);
const samples: MemorySample[] = [];
let told = 0;
while (seconds() < minutes * 60) {
  await setTimeout(1_000);
  for (let n = 0; n < COMING_AND_GOING; n += 1) {
    proxies.splice(random.below(proxies.length), 1)[0]?.close();
    open();
  }
  if (samples.length === 0 || seconds() - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY)
    samples.push(await eventually(() => readMemory(admin, seconds()), 30_000));
  if (seconds() - told < 60) continue;
  told = seconds();
  const { heap = 0, rss = 0 } = samples.at(-1) ?? {};
  console.log(
    `${told.toFixed(0)} s: ${churn.changes} changes, ${opened} streams so far, ${lost.length} lost, ` +
      `heap ${heap.toFixed(1)} MB, RSS ${rss.toFixed(1)} MB`,
  );
}
const took = seconds();
end.abort();
await changing;

const truth = await churn.truth();
const text = (view: ReadonlyMap<string, string>) => JSON.stringify([...view].sort());
const behind = () =>
  proxies.filter(({ proxy }) => text(proxy.view()) !== text(truth)).map(({ proxy }) => proxy.node);
const quiet = performance.now();
const late = await eventually(
  () => {
    const names = behind();
    if (names.length > 0) throw new Error(`${names.length} of ${proxies.length} proxies are behind`);
    return [];
  },
  60_000,
  250,
).catch(() => behind());
const caughtUp = (performance.now() - quiet) / 1000;
const answer = await eventually(() => request(`${admin}/proxies`), 30_000);
const served = ((await answer.body.json()) as { proxies: readonly object[] }).proxies.length;

const settled = floors(
  samples.filter(({ at }) => at > took * WARM_UP),
  WINDOW,
);
const perHour = (of: 'heap' | 'rss') => slope(settled.map((sample) => [sample.at / 3600, sample[of]]));
const row = (name: string, of: 'heap' | 'rss') => [
  name,
  (settled[0]?.[of] ?? 0).toFixed(1),
  (settled.at(-1)?.[of] ?? 0).toFixed(1),
  Math.max(...samples.map((sample) => sample[of])).toFixed(1),
  perHour(of).toFixed(1),
];
const failures = [
  ...(late.length > 0 ? [`${late.length} proxies were behind at the end`] : []),
  ...(served !== streams ? [`${served} proxies are served, not ${streams}`] : []),
  ...(lost.length > 0 ? [`${lost.length} streams were lost: ${lost[0]}`] : []),
  ...(perHour('heap') > FLAT ? ['the heap grows'] : []),
];
const report = [
  `${(took / 60).toFixed(1)} minutes, ${churn.changes} changes (${(churn.changes / took).toFixed(0)} a second) in an etcd ` +
    `and a Consul KV; ${streams} streams, half delta, half SotW, of which ${COMING_AND_GOING} a second went and others came ` +
    `(${opened} in all). Streams lost: ${lost.length}. Proxies whose view was not the registries' own when the changes ` +
    `ended: ${late.length} after ${caughtUp.toFixed(1)} s. Streams the server knew then: ${served}.`,
  '',
  `The least in each window of ${WINDOW} s, and the slope of the line through these after the first ${((took * WARM_UP) / 60).toFixed(1)} minutes:`,
  '',
  markdownTable(
    ['', 'after warm-up, MB', 'end, MB', 'highest, MB', 'slope, MB an hour'],
    [row('heap used', 'heap'), row('RSS', 'rss')],
  ),
  '',
  failures.length === 0 ? 'Passed.' : `**Failed**: ${failures.join('; ')}.`,
].join('\n');
console.log(report);
if (minutes >= 30) writeSection('soak', report);

for (const { close } of proxies) close();
await signalbox.close();
await Promise.all([etcd.close(), consul.close()]);
process.exitCode = failures.length === 0 ? 0 : 1;
