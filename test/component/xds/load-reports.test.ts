import { type Client, type ClientDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encode } from '../../../src/protobuf/messages.js';
import { encodeStruct } from '../../../src/protobuf/struct-bytes.js';
import { lengthDelimited, text, varint } from '../../../src/protobuf/wire.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { DEFAULT_LIMITS } from '../../../src/xds/limits.js';
import type { ClusterLoad } from '../../../src/xds/load-reports/report.js';
import { LoadReporting } from '../../../src/xds/load-reports/service.js';
import type { ProxyNode } from '../../../src/xds/node.js';
import { eventually } from '../../peers/eventually.js';
import { connect } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';

const PATIENCE = 15_000;
const REQUEST = 'envoy.service.load_stats.v3.LoadStatsRequest';
const INTERVAL = 1_000;
let plane: ControlPlane;
let clients: Client[];
let taken: ClusterLoad[];
let reporting: LoadReporting;

beforeEach(async () => {
  clients = [];
  taken = [];
  reporting = new LoadReporting(
    { interval: INTERVAL, endpoints: true },
    (clusters) => taken.push(...clusters),
    pino({ level: 'silent' }),
  );
  plane = await ControlPlane.start({
    loadReporting: reporting,
    groupOf: ({ cluster }: ProxyNode) => cluster || 'default',
  });
  for (const [group, names] of [
    ['default', ['web', 'api']],
    ['edge', ['web']],
  ] as const) {
    const clusters = names.map((name) => makeResource(TYPE_URL.cluster, name, Buffer.from(name)));
    plane.cache.setSnapshot(group, Snapshot.of(clusters));
  }
});
afterEach(async () => {
  for (const client of clients) client.close();
  await plane.server.stop();
});

/** A proxy that reports on a connection of its own, in bytes of its own. */
class Reporter {
  asked = 0;
  ended: StatusObject | undefined;
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;

  constructor() {
    const client = connect(plane.address, { 'grpc.use_local_subchannel_pool': 1 });
    clients.push(client);
    this.#call = client.makeBidiStreamRequest(
      '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => bytes,
    );
    this.#call.on('data', () => {
      this.asked += 1;
    });
    this.#call.on('error', () => undefined);
    this.#call.on('status', (ended: StatusObject) => {
      this.ended = ended;
    });
  }

  send(bytes: Uint8Array): void {
    this.#call.write(bytes);
  }

  async begin(node: Uint8Array = text(1, 'proxy')): Promise<this> {
    this.send(lengthDelimited(1, node));
    await eventually(() => expect(this.asked).toBe(1), PATIENCE);
    return this;
  }

  async endsWith(code: status, details: RegExp): Promise<void> {
    await eventually(() => expect(this.ended).toBeDefined(), PATIENCE);
    expect(this.ended).toMatchObject({ code, details: expect.stringMatching(details) });
  }
}

const report = (...names: readonly string[]) =>
  encode(REQUEST, {
    cluster_stats: names.map((cluster_name) => ({ cluster_name, total_dropped_requests: 1 })),
  });

test('a proxy reports on the clusters of its own group', async () => {
  const edge = await new Reporter().begin(Buffer.concat([text(1, 'e'), text(2, 'edge')]));
  edge.send(report('web', 'api', 'xds', 'web'));
  const other = await new Reporter().begin();
  other.send(report('api'));
  await eventually(() => expect(reporting.reports).toBe(2), PATIENCE);
  expect(taken.map(({ cluster }) => cluster).sort()).toEqual(['api', 'web']);
  expect([reporting.leftOut, reporting.streams]).toEqual([3, 2]);
});

test('reports that come more often than asked for wait', async () => {
  const fast = await new Reporter().begin();
  const began = performance.now();
  for (let n = 0; n < 4; n += 1) fast.send(report('web'));
  await eventually(() => expect(reporting.reports).toBe(1), PATIENCE);
  // Those of another proxy do not.
  const good = await new Reporter().begin();
  good.send(report('web'));
  await eventually(() => expect(reporting.reports).toBeGreaterThan(1), PATIENCE);
  await eventually(() => expect(reporting.reports).toBe(5), PATIENCE);
  expect(performance.now() - began).toBeGreaterThan((3 * INTERVAL) / 2);
});

/** One of them took 2 s in one piece. */
test('reports of more than 10 MB hold nobody up', async () => {
  const address = lengthDelimited(1, Buffer.concat([text(2, '10.0.0.1'), varint(3, 80)]));
  const endpoint = lengthDelimited(7, Buffer.concat([lengthDelimited(1, address), varint(2, 1)]));
  const locality = lengthDelimited(2, Buffer.concat(Array.from({ length: 550_000 }, () => endpoint)));
  const large = lengthDelimited(2, Buffer.concat([text(1, 'web'), locality]));
  expect(large.length).toBeGreaterThan(10_000_000);
  const heavy = await new Reporter().begin();
  const good = await new Reporter().begin();
  let worst = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    worst = Math.max(worst, performance.now() - last);
    last = performance.now();
  }, 1);
  heavy.send(large);
  await eventually(() => expect(taken.some(({ endpoints }) => endpoints.length > 0)).toBe(true), PATIENCE);
  good.send(report('web'));
  await eventually(() => expect(reporting.reports).toBe(2), PATIENCE);
  clearInterval(watch);
  expect(worst).toBeLessThan(300);
  expect(heavy.ended).toBeUndefined();
  expect(Math.max(...taken.map(({ endpoints }) => endpoints.length))).toBe(20_000);
});

test.each([
  ['id', text(1, 'x'.repeat(1_025)), /the id of a node may have 1024 bytes/],
  [
    'metadata',
    lengthDelimited(3, encodeStruct({ a: Array.from({ length: 10_001 }, () => 0) })),
    /10000 values/,
  ],
])('a node beyond the bounds is refused: %s', async (_what, node, details) => {
  const reporter = new Reporter();
  reporter.send(lengthDelimited(1, node));
  await reporter.endsWith(status.RESOURCE_EXHAUSTED, details);
  expect(reporting.streams).toBe(0);
});

test('what is no report ends its own stream', async () => {
  const [bad, good] = [await new Reporter().begin(), await new Reporter().begin()];
  bad.send(Buffer.from([0x0b, 0x08, 0x01, 0x0c]));
  await bad.endsWith(status.INVALID_ARGUMENT, /group/);
  good.send(report('web'));
  await eventually(() => expect(reporting.reports).toBe(1), PATIENCE);
  expect(reporting.streams).toBe(1);
});

test('a stream without a request ends', async () => {
  await plane.server.stop();
  plane = await ControlPlane.start({
    loadReporting: reporting,
    limits: { ...DEFAULT_LIMITS, idle_timeout: 200 },
  });
  const silent = new Reporter();
  await silent.endsWith(status.DEADLINE_EXCEEDED, /nothing was asked for/);
});
