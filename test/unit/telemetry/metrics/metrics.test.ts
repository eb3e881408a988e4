import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { failing, type SourceStatus, waiting } from '../../../../src/catalogue/source-status.js';
import { SignalboxError } from '../../../../src/errors.js';
import type { ReleaseStatus } from '../../../../src/release/release.js';
import { Snapshot } from '../../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../../src/snapshot/type-url.js';
import { LoadBook } from '../../../../src/telemetry/load/load-book.js';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.js';
import { XdsCounts } from '../../../../src/telemetry/metrics/xds-counts.js';
import { NO_TOTALS, type XdsTotals } from '../../../../src/telemetry/metrics/xds-totals.js';
import { clusterLoad } from '../../../support/load.js';
import { resource } from '../../xds/machine.js';

let sources: readonly SourceStatus[];
let snapshot: Snapshot;
let types: XdsTotals['types'];
let workers: XdsTotals['workers'];
let perService: boolean;
let book: LoadBook;
let metrics: Metrics;
beforeEach(() => {
  sources = [];
  snapshot = Snapshot.EMPTY;
  types = [];
  workers = [];
  perService = false;
  book = new LoadBook({ knows: () => true, addresses: () => undefined }, []);
  metrics = new Metrics({
    version: '1.2.3',
    ready: () => true,
    sources: () => sources,
    snapshot: () => snapshot,
    release: () => RELEASE,
    serving: { processes: () => [], follow: () => {} },
    unhandledRejections: () => 1,
    xds: async () => ({
      ...NO_TOTALS,
      types,
      workers,
      loadStreams: 2,
      loadReports: 5,
      rejections: 2,
      heldBytes: 7,
      refusals: 9,
    }),
    load: { book, perService: () => perService },
  });
});

const OF = { typeUrl: TYPE_URL.cluster, message: '', group: 'default', since: 0 };
const RELEASE: ReleaseStatus = {
  ...{ pinned: undefined, inconsistent: [], rollout: undefined },
  quarantined: [{ ...OF, name: 'a', version: '1', served: '1', node: 'n', state: 'kept' }],
  heldBack: [{ ...OF, names: ['a'], node: 'n', reason: 'cannot_bind' }],
};

/** The lines that tell a value, of the metrics whose names begin so. */
async function lines(prefix: string): Promise<readonly string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

test('what proxies reject: the resources by state, and who is held back alone', async () => {
  expect(await lines('signalbox_quarantined')).toEqual([
    'signalbox_quarantined_resources{state="rejected"} 0',
    'signalbox_quarantined_resources{state="suspected"} 0',
    'signalbox_quarantined_resources{state="kept"} 1',
  ]);
  expect(await lines('signalbox_held_back')).toEqual([
    'signalbox_held_back_proxies{reason="accepted_by_others"} 0',
    'signalbox_held_back_proxies{reason="cannot_bind"} 1',
    'signalbox_held_back_proxies{reason="rejects_too_much"} 0',
  ]);
});

test('each registry and server: up, lag, errors, what is served and what is not', async () => {
  const good: SourceStatus = {
    ...waiting('consul', 'http://c:8500'),
    state: 'synced',
    instances: 3,
    filteredBy: { weight_zero: 2 },
    lastSuccess: 1_700_000_000_000,
  };
  const failingServices = { count: 2, first: [], failures: 7 };
  const error = new SignalboxError('registry_timeout', 'too slow');
  sources = [good, failing({ ...good, registry: 'nacos' }, error, Date.now()), waiting('etcd', '"e"\n')];
  expect(await lines('signalbox_registry_up')).toEqual([
    'signalbox_registry_up{registry="consul",server="http://c:8500"} 1',
    'signalbox_registry_up{registry="nacos",server="http://c:8500"} 0',
    'signalbox_registry_up{registry="etcd",server="\\"e\\"\\n"} 0',
  ]);
  const [first, second, ...none] = await lines('signalbox_registry_lag_seconds');
  expect(first).toMatch(/consul.* 0$/);
  expect(Number(second?.split(' ')[1])).toBeGreaterThan(1_000_000);
  expect(none).toEqual([]);
  expect((await lines('signalbox_registry_errors_total')).map((line) => line.split(' ')[1])).toEqual([
    '0',
    '1',
    '0',
  ]);
  const filtered = await lines('signalbox_registry_instances_filtered{registry="consul"');
  expect(filtered).toHaveLength(10);
  expect(filtered).toContainEqual(expect.stringMatching(/reason="weight_zero"} 2$/));
  sources = [good, { ...good, registry: 'lost', held: { services: 1, instances: 2, since: 0, until: 1 } }];
  expect((await lines('signalbox_registry_instances_held')).map((line) => line.split(' ')[1])).toEqual([
    '0',
    '2',
  ]);
  sources = [{ ...good, failingServices }];
  expect(await lines('signalbox_registry_services_failing')).toEqual([
    'signalbox_registry_services_failing{registry="consul",server="http://c:8500"} 2',
  ]);
  expect(await lines('signalbox_registry_service_errors_total')).toEqual([
    'signalbox_registry_service_errors_total{registry="consul",server="http://c:8500"} 7',
  ]);
  expect(await lines('signalbox_registry_instances{')).toEqual([
    'signalbox_registry_instances{registry="consul",server="http://c:8500"} 3',
  ]);
});

test('the snapshot: version, resources, publications, time to build', async () => {
  snapshot = Snapshot.of([resource('CDS web=1'), resource('CDS api=1')]);
  metrics.snapshot.published(1_700_000_000_000);
  metrics.snapshot.built(20);
  expect(await lines('signalbox_snapshot_info')).toEqual([
    `signalbox_snapshot_info{version="${snapshot.version}"} 1`,
  ]);
  expect(await lines('signalbox_snapshot_resources{type="CDS"}')).toEqual([
    'signalbox_snapshot_resources{type="CDS"} 2',
  ]);
  expect(await lines('signalbox_snapshot_publications_total')).toEqual([
    'signalbox_snapshot_publications_total 1',
  ]);
  expect(await lines('signalbox_snapshot_last')).toEqual([
    'signalbox_snapshot_last_publication_timestamp_seconds 1700000000',
  ]);
  expect(await lines('signalbox_snapshot_build_seconds_sum')).toEqual([
    'signalbox_snapshot_build_seconds_sum 0.02',
  ]);
});

test('promises that nobody awaited, of all processes', async () => {
  expect(await lines('signalbox_unhandled_rejections_total')).toEqual([
    'signalbox_unhandled_rejections_total 3',
  ]);
});

test('what each worker takes of the machine; nothing without workers', async () => {
  expect(await lines('signalbox_worker_')).toEqual([]);
  workers = [
    { worker: 1, residentBytes: 1e8, cpuSeconds: 2.5, lagSeconds: 0.02 },
    { worker: 2, residentBytes: 2e8, cpuSeconds: 1, lagSeconds: 0 },
  ];
  expect(await lines('signalbox_worker_')).toEqual([
    'signalbox_worker_resident_memory_bytes{worker="1"} 100000000',
    'signalbox_worker_resident_memory_bytes{worker="2"} 200000000',
    'signalbox_worker_eventloop_lag_p99_seconds{worker="1"} 0.02',
    'signalbox_worker_eventloop_lag_p99_seconds{worker="2"} 0',
    'signalbox_worker_cpu_seconds_total{worker="1"} 2.5',
    'signalbox_worker_cpu_seconds_total{worker="2"} 1',
  ]);
});

test('what goes over the streams by type; types that proxies make up are one', async () => {
  const counts = new XdsCounts();
  counts.sent(TYPE_URL.cluster, 100);
  counts.sent(TYPE_URL.cluster, 50);
  counts.acknowledged({ typeUrl: TYPE_URL.cluster });
  counts.rejected({ typeUrl: TYPE_URL.endpoints });
  for (let index = 0; index < 50; index += 1) counts.sent(`invented.${index}`, 1);
  types = counts.rows();
  const value = async (name: string, type: string) =>
    (await lines(`signalbox_xds_${name}_total{type="${type}"} `)).map((line) => Number(line.split(' ')[1]));
  expect(await value('responses', 'CDS')).toEqual([2]);
  expect(await value('response_bytes', 'CDS')).toEqual([150]);
  expect(await value('acks', 'CDS')).toEqual([1]);
  expect(await value('nacks', 'EDS')).toEqual([1]);
  expect(await value('responses', 'other')).toEqual([50]);
  expect(await lines('signalbox_xds_responses_total')).toHaveLength(10);
});

test('what clients make the server hold, and how often a limit or a rule was in their way', async () => {
  expect(await lines('signalbox_xds_held')).toEqual(['signalbox_xds_held_bytes 7']);
  expect(await lines('signalbox_xds_refusals')).toEqual(['signalbox_xds_refusals_total 9']);
});

describe('load', () => {
  test('sums over all services; by service only where that is wanted', async () => {
    book.take([
      clusterLoad('web', { successes: 3, errors: 1, dropped: 2 }),
      clusterLoad('api', { successes: 1 }),
    ]);
    expect(await lines('signalbox_load_successes_total')).toEqual(['signalbox_load_successes_total 4']);
    expect(await lines('signalbox_load_report')).toEqual([
      'signalbox_load_report_streams 2',
      'signalbox_load_reports_total 5',
    ]);
    expect(await lines('signalbox_service_')).toEqual([]);
    perService = true;
    expect(await lines('signalbox_service_errors_total')).toEqual([
      'signalbox_service_errors_total{service="web"} 1',
      'signalbox_service_errors_total{service="api"} 0',
    ]);
  });

  test('no more than 1,000 services', async () => {
    perService = true;
    book.take(Array.from({ length: 1_200 }, (_, index) => clusterLoad(`s${index}`, { errors: 1 })));
    expect(await lines('signalbox_service_errors_total')).toHaveLength(1_000);
    expect(await lines('signalbox_load_errors_total')).toEqual(['signalbox_load_errors_total 1200']);
  });
});

test('docs/metrics.md lists every metric that there is, with its kind, and no other', async () => {
  const text = await metrics.text();
  const answered = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
  const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, kind]) => `${name} ${kind}`);
  expect(listed.sort()).toEqual(answered.sort());
});
