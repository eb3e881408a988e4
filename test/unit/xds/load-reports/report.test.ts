import { expect, test } from 'vitest';
import type { LoadStatsRequest } from '../../../../src/generated/types/envoy/service/load_stats/v3/LoadStatsRequest.js';
import { encode } from '../../../../src/protobuf/messages.js';
import { readLoadReport, readReportingNode } from '../../../../src/xds/load-reports/report.js';
import { clusterLoad, endpointLoad } from '../../../support/load.js';

const encoded = (request: LoadStatsRequest) =>
  encode('envoy.service.load_stats.v3.LoadStatsRequest', request);
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
  expect(readLoadReport(bytes)).toEqual([
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
  expect(readReportingNode(bytes)?.id).toBe('edge');
});

test('a cluster that only dropped is told too; one without a name is not', () => {
  const bytes = encoded({
    cluster_stats: [{ cluster_name: 'web', total_dropped_requests: 3 }, { total_dropped_requests: 3 }],
  });
  expect(readLoadReport(bytes)).toEqual([clusterLoad('web', { seconds: 0, dropped: 3 })]);
  expect(readReportingNode(bytes)).toBeUndefined();
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
  expect(readLoadReport(bytes)).toEqual([clusterLoad('web', { seconds: 3_600, successes: 1e9 })]);
});

test('bytes that are no report are an error', () => {
  expect(() => readLoadReport(Uint8Array.of(0x12, 0x05, 0x0a))).toThrow();
});
