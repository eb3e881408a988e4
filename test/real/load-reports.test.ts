import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runCommandLine } from '../../src/cli/command-line.js';
import type { LoadAnswer, ServiceLoadAnswer } from '../../src/cli/views/load.js';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

const folder = mkdtempSync(join(tmpdir(), 'load-'));
const servicesFile = join(folder, 'services.yaml');
const closed = Object.freeze({ host: '127.0.0.1', port: 1 });
let good: Backend;
let erring: Backend;
let telling: Server;
let signalbox: Signalbox;
let envoy: Envoy;
let traffic: Traffic;

/** A backend that says in ORCA's header how long it took. */
async function startTelling(): Promise<Server> {
  const server = createServer((asked, response) => {
    asked.resume();
    response.writeHead(200, { 'endpoint-load-metrics': 'TEXT named_metrics.latency_ms=42.5' }).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

function writeServices(...web: readonly Backend[]): void {
  const services = {
    web: web.map(({ host, port }) => ({ host, port })),
    telling: [{ host: 'localhost', port: (telling.address() as AddressInfo).port }],
    closed: [closed],
  };
  writeFileSync(servicesFile, stringify({ services }));
}

async function metric(name: string): Promise<number> {
  const { body } = await request(`${signalbox.admin}/metrics`);
  const line = (await body.text()).split('\n').find((text) => text.startsWith(`${name} `));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

/** What Envoy has counted by now is reported with the second report from now at the latest. */
async function untilReported(): Promise<void> {
  const before = await metric('signalbox_load_reports_total');
  await eventually(
    async () => expect(await metric('signalbox_load_reports_total')).toBeGreaterThan(before + 1),
    30_000,
    100,
  );
}

const loadOf = (service: string) => signalbox.get<ServiceLoadAnswer>(`/load/${service}`);
const rows = ({ instances }: ServiceLoadAnswer) =>
  instances.map(({ address, total: { requests, errors } }) => ({ address, requests, errors }));

beforeAll(async () => {
  [good, erring, telling] = await Promise.all([
    Backend.start('good'),
    Backend.start('erring'),
    startTelling(),
  ]);
  erring.status = 503;
  writeServices(good, erring);
  const port = await freePort();
  signalbox = await Signalbox.start({
    discovery: { local: { type: 'file', path: servicesFile } },
    load_reports: { interval: '1s', metrics: ['named_metrics.latency_ms'] },
    metrics: { per_service: true },
    listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
    auto_routes: true,
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
  traffic = new Traffic(port);
  await eventually(async () => expect(await metric('signalbox_load_report_streams')).toBe(1), 30_000);
  // Envoy counts a cluster from the report on that first knows it.
  await untilReported();
});

afterAll(async () => {
  await traffic?.close();
  await envoy?.stop();
  await signalbox?.close();
  await Promise.all([good, erring].map((backend) => backend?.close()));
  telling?.closeAllConnections();
  telling?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('requests and errors of each instance are what was sent', async () => {
  for (let round = 0; round < 3; round += 1) {
    expect(await traffic.count('/web/', 20)).toEqual({ good: 10, '503': 10 });
    await untilReported();
  }
  expect([good.requests, erring.requests]).toEqual([30, 30]);
  const load = await loadOf('web');
  expect(load).toMatchObject({
    service: 'web',
    total: { requests: 60, errors: 30, dropped: 0, metrics: {} },
  });
  expect(rows(load)).toEqual([
    { address: erring.address, requests: 30, errors: 30 },
    { address: good.address, requests: 30, errors: 0 },
  ]);
  expect(rows(await signalbox.get<ServiceLoadAnswer>('/load/web?sort=requests'))).toHaveLength(2);
});

test('an instance that refuses connections errs, what instances say of themselves is shown', async () => {
  expect(await traffic.count('/closed/', 3)).toEqual({ '503': 3 });
  await traffic.count('/telling/', 4);
  await untilReported();
  expect(rows(await loadOf('closed'))).toEqual([{ address: '127.0.0.1:1', requests: 3, errors: 3 }]);
  const { total, instances } = await loadOf('telling');
  expect(total).toEqual({
    requests: 4,
    errors: 0,
    dropped: 0,
    metrics: { 'named_metrics.latency_ms': 42.5 },
  });
  // A name that Envoy resolves itself: the address is its.
  expect(instances.map((row) => row.total)).toEqual([total]);
});

test('all services, the worst first; the proxy’s own cluster is none of them', async () => {
  const { services } = await signalbox.get<LoadAnswer>('/load');
  expect(services.map(({ service }) => service)).toEqual(['closed', 'web', 'telling']);
  const found = await signalbox.get<LoadAnswer>('/load?service=tell&sort=latency');
  expect(found.services.map(({ service }) => service)).toEqual(['telling']);
  expect(await signalbox.status('/load/xds')).toBe(404);
  expect(await signalbox.status('/load?sort=constructor')).toBe(400);
});

test('the command line prints it', async () => {
  let stdout = '';
  const output = { stdout: { write: (text: string) => (stdout += text) }, stderr: process.stderr };
  const admin = ['--admin', signalbox.admin.replace('http://', '')];
  expect(await runCommandLine(['load', 'web', ...admin], output)).toBe(0);
  expect(stdout).toMatch(new RegExp(`\n${erring.address} .* 30 +30\n`));
  stdout = '';
  expect(await runCommandLine(['load', '--json', ...admin], output)).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty('services[1].total.requests', 60);
});

test('the metrics have the sums', async () => {
  expect(await metric('signalbox_load_errors_total')).toBe(33);
  expect(await metric('signalbox_load_successes_total')).toBe(34);
  expect(await metric('signalbox_service_errors_total{service="web"}')).toBe(30);
  expect(await metric('signalbox_service_successes_total{service="telling"}')).toBe(4);
});

test('an instance that is gone is forgotten', async () => {
  writeServices(good);
  await eventually(
    async () =>
      expect(rows(await loadOf('web'))).toEqual([{ address: good.address, requests: 30, errors: 0 }]),
    40_000,
    100,
  );
});

test('a minute’s rates follow', async () => {
  await eventually(
    async () => {
      const { last_1m } = await loadOf('web');
      expect(last_1m).toMatchObject({ error_share: 0.5 });
      expect(last_1m?.requests_per_second).toBeGreaterThan(0);
    },
    40_000,
    100,
  );
});
