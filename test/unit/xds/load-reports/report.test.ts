import { describe, expect, test } from 'vitest';
import type { LoadStatsRequest } from '../../../../src/generated/types/envoy/service/load_stats/v3/LoadStatsRequest.js';
import { encode } from '../../../../src/protobuf/messages.js';
import { lengthDelimited, text, varint } from '../../../../src/protobuf/wire.js';
import { atOnce } from '../../../../src/snapshot/steps.js';
import {
  type ClusterLoad,
  readLoadReport,
  readReportingNode,
} from '../../../../src/xds/load-reports/report.js';
import { clusterLoad, endpointLoad } from '../../../support/load.js';

const encoded = (request: LoadStatsRequest) =>
  encode('envoy.service.load_stats.v3.LoadStatsRequest', request);
/** What a report tells of known clusters. */
function read(bytes: Uint8Array, knows: (cluster: string) => boolean = () => true) {
  const clusters: ClusterLoad[] = [];
  let steps = 0;
  const work = readLoadReport(bytes, knows, (load) => clusters.push(load));
  for (;;) {
    const step = work.next();
    steps += 1;
    if (step.done === true) return { clusters, steps, leftOut: step.value };
  }
}
const readLoads = (bytes: Uint8Array) => read(bytes).clusters;

const at = (address: string, port_value: number) => ({
  address: { socket_address: { address, port_value } },
});

test('a report as Envoy makes it: sums over localities, each endpoint, no cluster without traffic', () => {
  const latency = (requests: number, value: number) => ({
    metric_name: 'named_metrics.latency_ms',
    num_requests_finished_with_metric: requests,
    total_metric_value: value,
  });
  const bytes = encoded({
    node: { id: 'edge', extensions: [{ name: 'envoy.a' }] },
    cluster_stats: [
      { cluster_name: 'idle', load_report_interval: { seconds: 10 } },
      {
        cluster_name: 'web',
        cluster_service_name: 'web',
        load_report_interval: { seconds: 9, nanos: 500_000_000 },
        total_dropped_requests: 3,
        dropped_requests: [{ category: 'drop_overload', dropped_count: 3 }],
        upstream_locality_stats: [
          {
            locality: { zone: 'a' },
            priority: 1,
            total_successful_requests: 5,
            total_error_requests: 2,
            total_issued_requests: 7,
            total_requests_in_progress: 1,
            load_metric_stats: [latency(5, 100)],
            upstream_endpoint_stats: [
              {
                ...at('10.0.0.1', 80),
                metadata: { fields: {} },
                total_successful_requests: 5,
                total_error_requests: 2,
                total_requests_in_progress: 1,
                total_issued_requests: 7,
                load_metric_stats: [latency(5, 100)],
              },
            ],
          },
          {
            locality: { zone: 'b' },
            total_successful_requests: 1,
            load_metric_stats: [latency(1, 50)],
            upstream_endpoint_stats: [
              { ...at('::1', 80), total_successful_requests: 1 },
              { address: { pipe: { path: '/run/x' } }, total_successful_requests: 1 },
            ],
          },
        ],
      },
    ],
  });
  const named = (requests: number, sum: number) => new Map([['named_metrics.latency_ms', { requests, sum }]]);
  expect(readLoads(bytes)).toEqual([
    clusterLoad('web', {
      seconds: 9.5,
      dropped: 3,
      successes: 6,
      errors: 2,
      inProgress: 1,
      metrics: named(6, 150),
      endpoints: [
        endpointLoad('10.0.0.1:80', { successes: 5, errors: 2, inProgress: 1, metrics: named(5, 100) }),
        endpointLoad('[::1]:80', { successes: 1 }),
      ],
    }),
  ]);
  expect(atOnce(readReportingNode(bytes))?.id).toBe('edge');
});

test('a cluster that only dropped is told too; one without a name is not', () => {
  const bytes = encoded({
    cluster_stats: [{ cluster_name: 'web', total_dropped_requests: 3 }, { total_dropped_requests: 3 }],
  });
  expect(readLoads(bytes)).toEqual([clusterLoad('web', { seconds: 0, dropped: 3 })]);
  expect(atOnce(readReportingNode(bytes))).toBeUndefined();
});

test('invented numbers are cut, so that they do not drown the others', () => {
  const bytes = encoded({
    cluster_stats: [
      {
        cluster_name: 'web',
        load_report_interval: { seconds: '9000000000' },
        upstream_locality_stats: [
          {
            total_successful_requests: '18446744073709551615',
            load_metric_stats: [
              { metric_name: 'nan', num_requests_finished_with_metric: 1, total_metric_value: Number.NaN },
              { metric_name: 'none', total_metric_value: 1 },
            ],
          },
        ],
      },
    ],
  });
  expect(readLoads(bytes)).toEqual([clusterLoad('web', { seconds: 3_600, successes: 1e9 })]);
});

test('bytes that are no report are an error', () => {
  expect(() => readLoads(Uint8Array.of(0x12, 0x05, 0x0a))).toThrow();
});

/** As {@link encoded}, field by field. */
const cluster = (name: string, ...localities: readonly Uint8Array[]) =>
  lengthDelimited(
    2,
    Buffer.concat([text(1, name), ...localities.map((locality) => lengthDelimited(2, locality))]),
  );
const endpoint = (host: string, ...more: readonly Uint8Array[]) => {
  const address = lengthDelimited(1, Buffer.concat([text(2, host), varint(3, 80)]));
  return lengthDelimited(7, Buffer.concat([lengthDelimited(1, address), varint(2, 1), ...more]));
};
const metric = (name: string) =>
  lengthDelimited(5, Buffer.concat([text(1, name), varint(2, 1), Buffer.from([0x19]), Buffer.alloc(8, 1)]));
const many = (count: number, make: (n: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));

describe('the bounds of a report', () => {
  test('clusters that the proxy cannot have, and those named again, are left out', () => {
    const bytes = many(6, (n) => cluster(`c${n % 3}`, varint(2, 1)));
    const { clusters, leftOut } = read(bytes, (name) => name !== 'c1');
    expect(clusters.map((load) => [load.cluster, load.successes])).toEqual([
      ['c0', 1],
      ['c2', 1],
    ]);
    expect(leftOut).toBe(4);
  });

  test('a name may stand at the end of its cluster', () => {
    const bytes = lengthDelimited(2, Buffer.concat([lengthDelimited(2, varint(2, 7)), text(1, 'web')]));
    expect(readLoads(bytes)).toMatchObject([{ cluster: 'web', successes: 7 }]);
  });

  test('20,000 instances', () => {
    const bytes = cluster(
      'web',
      many(20_005, (n) => endpoint(`h${n}`)),
    );
    expect(readLoads(bytes)[0]?.endpoints).toHaveLength(20_000);
  });

  test('32 metrics', () => {
    const metrics = many(100, (n) => metric(`m${n}`));
    const [load] = readLoads(cluster('web', Buffer.concat([metrics, metrics, endpoint('a', metrics)])));
    expect([load?.metrics.size, load?.endpoints[0]?.metrics.size]).toEqual([32, 32]);
    expect(load?.metrics.get('m0')?.requests).toBe(2);
  });

  test('texts of 256 bytes', () => {
    const long = 'x'.repeat(257);
    const [load] = readLoads(cluster('web', Buffer.concat([endpoint(long), endpoint('a', metric(long))])));
    expect(load?.endpoints).toMatchObject([{ address: 'a:80', metrics: new Map() }]);
    expect(readLoads(cluster('x'.repeat(5_000), varint(2, 1)))).toEqual([]);
  });

  test('sums', () => {
    const count = Buffer.concat([Buffer.from([0x10]), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f])]);
    expect(
      readLoads(
        cluster(
          'web',
          many(100, () => count),
        ),
      )[0]?.successes,
    ).toBe(1e9);
  });

  test.each([
    [
      'an instance of very many bytes',
      cluster('web', endpoint('a', lengthDelimited(6, Buffer.alloc(300_000)))),
    ],
    ['a group', Buffer.concat([Buffer.from([0x0b]), Buffer.alloc(1_000, 8), Buffer.from([0x0c])])],
    ['a group in an instance', cluster('web', endpoint('a', Buffer.from([0x4b, 0x4c])))],
  ])('%s is refused', (_what, bytes) => {
    expect(() => readLoads(bytes)).toThrow();
  });

  test.each([
    ['clusters', many(200_000, () => cluster('c', varint(2, 1)))],
    ['clusters without traffic', many(200_000, () => cluster('c'))],
    ['unknown fields', many(200_000, () => varint(9, 1))],
    ['localities', cluster('web', ...Array.from({ length: 200_000 }, () => varint(2, 1)))],
    [
      'instances',
      cluster(
        'web',
        many(50_000, () => endpoint('a')),
      ),
    ],
    [
      'metrics',
      cluster(
        'web',
        many(50_000, (n) => metric(`m${n}`)),
      ),
    ],
    [
      'fields of a locality',
      cluster(
        'web',
        many(200_000, () => varint(2, 1)),
      ),
    ],
    [
      'fields of instances',
      cluster(
        'web',
        many(20, () =>
          endpoint(
            'a',
            many(40_000, () => varint(2, 1)),
          ),
        ),
      ),
    ],
    [
      'times',
      lengthDelimited(
        2,
        many(20_000, () =>
          lengthDelimited(
            4,
            many(20, () => varint(1, 1)),
          ),
        ),
      ),
    ],
  ])('%s without end are read in steps', (_what, bytes) => {
    expect(read(bytes).steps).toBeGreaterThan(15);
  });
});
