import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { readMetrics } from '../support/metrics-text.js';
import { Signalbox } from '../support/signalbox.js';

const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
const servicesFile = join(folder, 'services.yaml');
const REGISTRY = Object.freeze({ registry: 'local' });
let signalbox: Signalbox;
let envoy: Envoy;

function writeServices(...ports: readonly number[]): void {
  const web = ports.map((port) => ({ host: '127.0.0.1', port }));
  writeFileSync(
    servicesFile,
    stringify({ services: { web: [...web, { host: '127.0.0.1', port: 9, weight: 0 }] } }),
  );
}

async function metrics() {
  const { headers, body } = await request(`${signalbox.admin}/metrics`);
  return { type: headers['content-type'], samples: readMetrics(await body.text()) };
}

/** The value of the one series of a name that has these labels. */
async function value(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { samples } = await metrics();
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  );
  expect(found.map((sample) => sample.name)).toEqual([name]);
  return found[0]?.value ?? Number.NaN;
}

beforeAll(async () => {
  writeServices(1);
  signalbox = await Signalbox.start({
    discovery: { local: { type: 'file', path: servicesFile } },
    auto_routes: true,
    groups: { edge: { match: { id: 'edge-*' }, services: ['web'] } },
  });
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }));
});

afterAll(async () => {
  await envoy?.stop();
  await signalbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('Prometheus can read it', async () => {
  const { type, samples } = await metrics();
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(samples.length).toBeGreaterThan(100);
});

test('a change is counted from the registry to the acknowledgement of a real Envoy', async () => {
  const acks = await value('signalbox_xds_acks_total', { type: 'EDS' });
  const bytes = await value('signalbox_xds_response_bytes_total', { type: 'EDS' });
  writeServices(1, 2);
  await eventually(
    async () => expect(await value('signalbox_registry_change_to_ack_seconds_count', REGISTRY)).toBe(1),
    30_000,
  );
  const seconds = await value('signalbox_registry_change_to_ack_seconds_sum', REGISTRY);
  expect(seconds).toBeGreaterThan(0);
  expect(await value('signalbox_xds_acks_total', { type: 'EDS' })).toBe(acks + 1);
  expect(await value('signalbox_xds_response_bytes_total', { type: 'EDS' })).toBeGreaterThan(bytes);
  expect(await value('signalbox_unacknowledged_change_seconds')).toBe(0);
  expect(await value('signalbox_xds_nacks_total', { type: 'EDS' })).toBe(0);
  expect(await value('signalbox_xds_streams', { variant: 'delta' })).toBe(1);
});

test('a proxy that hangs is seen, and the latency is that of when it wakes', async () => {
  envoy.process.freeze();
  try {
    writeServices(1, 2, 3);
    await eventually(
      async () => expect(await value('signalbox_unacknowledged_change_seconds')).toBeGreaterThan(1),
      30_000,
      50,
    );
  } finally {
    envoy.process.thaw();
  }
  await eventually(
    async () => expect(await value('signalbox_registry_change_to_ack_seconds_count', REGISTRY)).toBe(2),
    30_000,
  );
  expect(await value('signalbox_registry_change_to_ack_seconds_sum', REGISTRY)).toBeGreaterThan(1);
  expect(await value('signalbox_unacknowledged_change_seconds')).toBe(0);
});

test('a proxy of a group counts, and nothing is left waiting', async () => {
  const edge = await Envoy.start(adsBootstrap({ mode: 'sotw', xdsPort: signalbox.xdsPort, node: 'edge-1' }));
  try {
    writeServices(1, 2, 3, 4);
    await eventually(
      async () => expect(await value('signalbox_registry_change_to_ack_seconds_count', REGISTRY)).toBe(3),
      30_000,
    );
    expect(await value('signalbox_unacknowledged_change_seconds')).toBe(0);
  } finally {
    await edge.stop();
  }
});

test('what is served and what is not; a registry that fails', async () => {
  expect(await value('signalbox_registry_instances', REGISTRY)).toBe(4);
  expect(await value('signalbox_registry_instances_filtered', { reason: 'weight_zero' })).toBe(1);
  expect(await value('signalbox_registry_up', REGISTRY)).toBe(1);
  expect(await value('signalbox_registry_lag_seconds', REGISTRY)).toBe(0);
  writeFileSync(servicesFile, 'services: [');
  await eventually(async () => expect(await value('signalbox_registry_up', REGISTRY)).toBe(0), 30_000);
  expect(await value('signalbox_registry_errors_total', REGISTRY)).toBeGreaterThan(0);
  expect(await value('signalbox_registry_lag_seconds', REGISTRY)).toBeGreaterThan(0);
  expect(await value('signalbox_registry_instances', REGISTRY)).toBe(4);
});
