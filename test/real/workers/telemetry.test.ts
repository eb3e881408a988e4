import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Backend } from '../../peers/backend.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { AdsStream, connect } from '../../support/ads-client.js';
import { readMetrics } from '../../support/metrics-text.js';
import { Signalbox } from '../../support/signalbox.js';
import { Traffic } from '../../support/traffic.js';

let backend: Backend;
let signalbox: Signalbox;
let traffic: Traffic;
const envoys: Envoy[] = [];
const config = (interval: string) => ({
  xds: { listen: '127.0.0.1:0', workers: 2 },
  admin: { listen: '127.0.0.1:0' },
  discovery: { file: { path: 'services.yaml' } },
  // One proxy of this test refuses for no reason.
  quarantine: false,
  load_reports: { interval },
  listeners: [{ name: 'http', address: `127.0.0.1:${traffic.port}` }],
  auto_routes: true,
});

beforeAll(async () => {
  backend = await Backend.start('web');
  traffic = new Traffic(await freePort());
  signalbox = await Signalbox.start(config('60s'), {
    before: (folder) => weigh(folder, 1),
  });
  for (const mode of ['sotw', 'delta'] as const)
    envoys.push(await Envoy.start(adsBootstrap({ mode, xdsPort: signalbox.xdsPort, node: mode })));
});
afterAll(async () => {
  await traffic?.close();
  for (const envoy of envoys) await envoy.stop();
  await signalbox?.close();
  await backend?.close();
});

function weigh(folder: string, weight: number): void {
  const instance = { host: '127.0.0.1', port: backend.port, weight };
  writeFileSync(join(folder, 'services.yaml'), JSON.stringify({ services: { web: [instance] } }));
}

async function value(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { body } = await request(`${signalbox.admin}/metrics`);
  const found = readMetrics(await body.text()).filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  );
  return found.reduce((sum, sample) => sum + sample.value, 0);
}

test('what each worker takes of the machine', async () => {
  for (const worker of ['1', '2']) {
    expect(await value('signalbox_worker_resident_memory_bytes', { worker })).toBeGreaterThan(10_000_000);
    expect(await value('signalbox_worker_cpu_seconds_total', { worker })).toBeGreaterThan(0.01);
    // 0 where the last scrape was a moment ago.
    await eventually(async () =>
      expect(await value('signalbox_worker_eventloop_lag_p99_seconds', { worker })).toBeGreaterThan(0.001),
    );
  }
  expect(await value('signalbox_worker_cpu_seconds_total', { worker: '3' })).toBe(0);
});

test('from a change to the last acknowledgement, over all workers, once', async () => {
  const count = () => value('signalbox_registry_change_to_ack_seconds_count', { registry: 'file' });
  const latencies = async () =>
    (await signalbox.get<{ observations: readonly object[] }>('/latency')).observations;
  await eventually(async () => expect(await value('signalbox_unacknowledged_change_seconds')).toBe(0));
  const [counted, seen] = [await count(), (await latencies()).length];
  weigh(signalbox.folder, 2);
  await eventually(async () => expect(await count()).toBe(counted + 1), 30_000);
  expect((await latencies()).slice(seen)).toEqual([
    { registry: 'file', at: expect.any(String), seconds: expect.any(Number) },
  ]);
  expect(await value('signalbox_unacknowledged_change_seconds')).toBe(0);

  // A proxy that does not answer, at whichever worker, is waited for until it goes.
  const client = connect(`127.0.0.1:${signalbox.xdsPort}`);
  const stream = new AdsStream(client, 'hanging');
  stream.ask(TYPE_URL.endpoints, 'web');
  await eventually(() => expect(stream.last(TYPE_URL.endpoints)).toBeDefined());
  stream.answer(TYPE_URL.endpoints, ['web']);
  const first = stream.last(TYPE_URL.endpoints)?.nonce;
  weigh(signalbox.folder, 3);
  await eventually(() => expect(stream.last(TYPE_URL.endpoints)?.nonce).not.toBe(first), 30_000);
  await eventually(async () =>
    expect(await value('signalbox_unacknowledged_change_seconds')).toBeGreaterThan(0),
  );
  expect(await count()).toBe(counted + 1);
  stream.cancel();
  client.close();
  await eventually(async () => expect(await count()).toBe(counted + 2), 30_000);
});

interface Load {
  readonly services: readonly { readonly service: string; readonly total: { readonly requests: number } }[];
}
const requests = async () =>
  (await signalbox.get<Load>('/load')).services.find(({ service }) => service === 'web')?.total.requests ?? 0;

test('metrics count the streams and answers of all workers, refusals among them', async () => {
  await eventually(async () => {
    expect(await value('signalbox_xds_streams', { variant: 'sotw' })).toBe(1);
    expect(await value('signalbox_xds_streams', { variant: 'delta' })).toBe(1);
    for (const type of ['CDS', 'EDS', 'LDS', 'RDS'])
      expect(await value('signalbox_xds_acks_total', { type })).toBeGreaterThanOrEqual(2);
  }, 30_000);
  const client = connect(`127.0.0.1:${signalbox.xdsPort}`);
  try {
    const stream = new AdsStream(client, 'refusing');
    stream.ask(TYPE_URL.cluster);
    await eventually(() => expect(stream.last(TYPE_URL.cluster)).toBeDefined());
    stream.answer(TYPE_URL.cluster, [], 'not that one');
    await eventually(async () => expect(await value('signalbox_xds_nacks_total')).toBe(1));
    const status = (type: string, status: string) => value('signalbox_xds_subscriptions', { type, status });
    expect(await status('CDS', 'unknown')).toBe(1);
    expect(await status('CDS', 'synced')).toBe(2);
  } finally {
    client.close();
  }
});

test('load is that of the proxies of all workers, and a new interval reaches them', async () => {
  await eventually(async () => expect(await value('signalbox_load_report_streams')).toBe(2), 30_000);
  // So that Envoy's next report would come only after the end of this test.
  signalbox.configure(config('1s'));
  signalbox.process.signal('SIGHUP');
  const before = await value('signalbox_load_reports_total');
  // Envoy counts a cluster from the report on that first knows it.
  await eventually(
    async () => expect(await value('signalbox_load_reports_total')).toBeGreaterThan(before + 3),
    30_000,
    100,
  );
  const sent = await traffic.count('/web/', 200);
  expect(sent).toEqual({ web: 200 });
  await eventually(async () => expect(await requests()).toBe(200), 30_000, 100);
});

test('what a worker had counted when it ends still counts', async () => {
  const acks = await value('signalbox_xds_acks_total');
  expect(acks).toBeGreaterThan(0);
  const line = signalbox.process.output.split('\n').find((text) => text.includes('"msg":"worker serving"'));
  process.kill(Number(JSON.parse(line ?? '{}').pid), 'SIGKILL');
  await eventually(() => expect(signalbox.process.output).toContain('a worker has ended'));
  expect(await value('signalbox_xds_acks_total')).toBeGreaterThanOrEqual(acks);
});
