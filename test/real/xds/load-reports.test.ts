import { type Client, type ClientDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LoadStatsRequest } from '../../../src/generated/types/envoy/service/load_stats/v3/LoadStatsRequest.js';
import type { LoadStatsResponse } from '../../../src/generated/types/envoy/service/load_stats/v3/LoadStatsResponse.js';
import { encode } from '../../../src/protobuf/messages.js';
import { resource } from '../../../src/resources/given.js';
import type { ClusterLoad } from '../../../src/xds/load-reports/report.js';
import { LoadReporting } from '../../../src/xds/load-reports/service.js';
import { eventually } from '../../peers/eventually.js';
import { connect, deserialize } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';

let reports: string[];
let reporting: LoadReporting;
let plane: ControlPlane;
let client: Client;
beforeEach(async () => {
  reports = [];
  const take = (clusters: readonly ClusterLoad[]) =>
    reports.push(clusters.map(({ cluster }) => cluster).join());
  reporting = new LoadReporting({ interval: 1_000, endpoints: true }, take, pino({ level: 'silent' }));
  plane = await ControlPlane.start({ loadReporting: reporting });
  plane.publish(resource('envoy.config.cluster.v3.Cluster', { name: 'web' }));
  client = connect(plane.address);
});
afterEach(async () => {
  client.close();
  await plane.server.stop();
});

/** A proxy that sends any bytes. */
class Reporter {
  readonly asked: LoadStatsResponse[] = [];
  ended: StatusObject | undefined;
  readonly #call: ClientDuplexStream<Uint8Array, LoadStatsResponse>;

  constructor() {
    this.#call = client.makeBidiStreamRequest(
      '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
      (bytes: Uint8Array) => Buffer.from(bytes),
      deserialize('envoy.service.load_stats.v3.LoadStatsResponse'),
    );
    this.#call.on('data', (response: LoadStatsResponse) => this.asked.push(response));
    this.#call.on('error', () => undefined);
    this.#call.on('status', (ended: StatusObject) => {
      this.ended = ended;
    });
  }

  send(bytes: Uint8Array): void {
    this.#call.write(bytes);
  }

  say(request: LoadStatsRequest): void {
    this.send(encode('envoy.service.load_stats.v3.LoadStatsRequest', request));
  }

  report(cluster_name: string): void {
    const upstream_locality_stats = [{ total_successful_requests: 1 }];
    this.say({ node: { id: 'n' }, cluster_stats: [{ cluster_name, upstream_locality_stats }] });
  }

  end(): void {
    this.#call.end();
  }
}

async function greeted(): Promise<Reporter> {
  const reporter = new Reporter();
  reporter.say({ node: { id: 'n' } });
  await eventually(() => expect(reporter.asked).toHaveLength(1));
  return reporter;
}

test('every proxy is asked for all its clusters; another interval is asked of those that are there', async () => {
  const reporter = await greeted();
  const asked = { send_all_clusters: true, report_endpoint_granularity: true };
  expect(reporter.asked).toEqual([{ ...asked, load_reporting_interval: { seconds: '1', nanos: 0 } }]);
  reporting.configure({ interval: 1_000, endpoints: true });
  reporting.configure({ interval: 1_500, endpoints: false });
  await eventually(() => expect(reporter.asked).toHaveLength(2));
  expect(reporter.asked[1]).toEqual({
    report_endpoint_granularity: false,
    send_all_clusters: true,
    load_reporting_interval: { seconds: '1', nanos: 500_000_000 },
  });
  const late = await greeted();
  expect(late.asked).toEqual(reporter.asked.slice(1));
  expect(reporting.streams).toBe(2);
});

test('what is reported is handed on; who ends is forgotten', async () => {
  const reporter = await greeted();
  reporter.report('web');
  reporter.say({ node: { id: 'n' }, cluster_stats: [{ cluster_name: 'idle' }] });
  await eventually(() => expect(reporting.reports).toBe(2));
  // A report without traffic has nothing to hand on.
  expect(reports).toEqual(['web']);
  reporter.end();
  await eventually(() => expect(reporter.ended?.code).toBe(status.OK));
  expect(reporting.streams).toBe(0);
});

test('a report that cannot be read, and one that is too large, cost their own stream', async () => {
  const [broken, huge, good] = [await greeted(), await greeted(), await greeted()];
  broken.send(Uint8Array.of(0x12, 0x05, 0x0a));
  broken.report('after');
  huge.send(new Uint8Array(17 * 1024 * 1024));
  await eventually(() => expect(broken.ended?.code).toBe(status.INVALID_ARGUMENT));
  await eventually(() => expect(huge.ended?.code).toBe(status.RESOURCE_EXHAUSTED));
  good.report('web');
  await eventually(() => expect(reports).toEqual(['web']));
  expect(reporting.streams).toBe(1);
});

test('at the end of the server the proxies are sent elsewhere at once', async () => {
  const reporter = await greeted();
  const stopped = plane.server.stop();
  await eventually(() => expect(reporter.ended?.code).toBe(status.UNAVAILABLE));
  await stopped;
  expect(reporting.streams).toBe(0);
});
