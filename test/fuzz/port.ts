import fc, { type Arbitrary } from 'fast-check';
import { SignalboxError } from '../../src/errors.js';
import { decode, encode } from '../../src/protobuf/messages.js';
import { encodeStruct } from '../../src/protobuf/struct-bytes.js';
import { lengthDelimited, text } from '../../src/protobuf/wire.js';
import { SnapshotCache } from '../../src/snapshot/cache.js';
import { atOnce } from '../../src/snapshot/steps.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { clientStatusOf } from '../../src/xds/csds/answer.js';
import { type ClusterLoad, readLoadReport, readReportingNode } from '../../src/xds/load-reports/report.js';
import { NameTable } from '../../src/xds/name-set.js';
import { type ProxyNode, readNode } from '../../src/xds/node.js';
import { bytesOfNode, excerptOf } from '../../src/xds/node-excerpt.js';
import { RequestReader } from '../../src/xds/request.js';
import { NEW_STREAM } from '../../src/xds/stream-state.js';
import { encodeRequest } from '../conformance/wire.js';
import { type FuzzTarget, target } from './target.js';
import { anything, damagedBytes } from './values.js';

const KIB = 1024;

/** A message as it is, damaged, or no message at all. */
const orBroken = (bytes: Arbitrary<Uint8Array>) =>
  fc.oneof(
    { weight: 3, arbitrary: bytes },
    { weight: 3, arbitrary: damagedBytes(bytes) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  );

/** What a reader makes of bytes; undefined where it refuses them with an error that says why. */
function readBy<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown instanceof TypeError) throw thrown;
    if (thrown instanceof SignalboxError && thrown.code !== 'request_too_large') throw thrown;
    if (thrown.message.length > KIB) throw new Error('the client is told its own words', { cause: thrown });
    return undefined;
  }
}

/** A short text, or one around a bound. */
const nameAround = (bound: number) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.string({ maxLength: 12 }) },
    { weight: 1, arbitrary: fc.constantFrom('é', '\u0000', '__proto__', '💡', '\u202e') },
    { weight: 1, arbitrary: fc.integer({ min: bound - 2, max: bound + 2 }).map((size) => 'n'.repeat(size)) },
  );

/** Metadata of any shape, nested around the bound now and then. */
const metadata = fc
  .tuple(
    fc.dictionary(nameAround(KIB), anything, { maxKeys: 4 }),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 25, max: 60 }) },
    ),
    fc.boolean(),
  )
  .map(([values, levels, list]): Record<string, unknown> => {
    let nested: unknown = 'x';
    for (let level = 0; level < levels; level += 1) nested = list ? [nested] : { a: nested };
    return levels === 0 ? values : { ...values, nested };
  });

const nodeBytes = fc
  .record({ id: nameAround(KIB), cluster: nameAround(KIB), zone: nameAround(KIB), metadata })
  .map(({ id, cluster, zone, metadata }) =>
    Buffer.concat([
      text(1, id),
      text(2, cluster),
      lengthDelimited(3, encodeStruct(metadata)),
      lengthDelimited(4, text(2, zone)),
      text(6, 'envoy'),
    ]),
  );

/** What one question at most is answered about one client without resources. */
const LARGEST_CLIENT = 32 * KIB;
const cache = new SnapshotCache();

function answerAbout(node: ProxyNode, question: Uint8Array) {
  const stream = { node, group: 'default', peer: '127.0.0.1:1', state: NEW_STREAM };
  return atOnce(clientStatusOf(question, [stream], cache));
}

const matcher = fc.record({ path: fc.array(fc.string(), { maxLength: 3 }), exact: fc.string() });
const question = fc
  .tuple(nameAround(KIB), fc.array(matcher, { maxLength: 3 }), fc.boolean())
  .map(([id, metadatas, exclude]) =>
    encode('envoy.service.status.v3.ClientStatusRequest', {
      node_matchers: [
        {
          node_id: { exact: id },
          node_metadatas: metadatas.map(({ path, exact }) => ({
            path: path.map((key) => ({ key })),
            value: { string_match: { exact } },
          })),
        },
      ],
      exclude_resource_contents: exclude,
    }),
  );
const EVERYBODY = new Uint8Array();

const count = fc.oneof(fc.nat(1_000), fc.constantFrom('18446744073709551615', '9223372036854775807', '0'));
const metric = fc.record({
  metric_name: nameAround(256),
  num_requests_finished_with_metric: count,
  total_metric_value: fc.double(),
});
const endpoint = fc.record({
  address: fc.record({ socket_address: fc.record({ address: nameAround(256), port_value: fc.nat(70_000) }) }),
  total_successful_requests: count,
  total_error_requests: count,
  load_metric_stats: fc.array(metric, { maxLength: 2 }),
});
const locality = fc.record({
  total_successful_requests: count,
  total_requests_in_progress: count,
  upstream_endpoint_stats: fc.array(endpoint, { maxLength: 2 }),
});
const cluster = fc.record({
  cluster_name: fc.oneof(fc.constantFrom('a', 'b'), nameAround(4 * KIB)),
  upstream_locality_stats: fc.array(locality, { maxLength: 2 }),
  total_dropped_requests: count,
  load_report_interval: fc.record({
    seconds: fc.constantFrom('0', '10', '-1', '9223372036854775807'),
    nanos: fc.integer(),
  }),
});
const report = fc
  .array(cluster, { maxLength: 3 })
  .map((cluster_stats) => encode('envoy.service.load_stats.v3.LoadStatsRequest', { cluster_stats }));

function checkLoad(load: ClusterLoad): void {
  const { seconds, dropped, endpoints } = load;
  const numbers = [load, ...endpoints].flatMap(({ successes, errors, inProgress, metrics }) => [
    ...[successes, errors, inProgress],
    ...[...metrics.values()].flatMap(({ requests, sum }) => [requests, Math.abs(sum)]),
  ]);
  for (const number of [seconds, dropped, ...numbers])
    if (!Number.isFinite(number) || number < 0) throw new Error(`a load of ${number}`);
  for (const { address } of endpoints)
    if (Buffer.byteLength(address) > KIB) throw new Error('an address without a bound');
}

const BOUND = { name: 4 * KIB, typeUrl: 256 };
const reader = new RequestReader(new NameTable());
const asked = fc.record({
  typeUrl: fc.oneof(fc.constantFrom(...Object.values(TYPE_URL)), nameAround(BOUND.typeUrl)),
  names: fc.array(nameAround(BOUND.name), { maxLength: 4 }),
  known: fc.array(fc.tuple(nameAround(BOUND.name), nameAround(64)), { maxLength: 3 }),
});

/** What strangers say on the xDS port beside requests: each bound, and what is made of that which is within. */
export const PORT: readonly FuzzTarget[] = [
  target(
    'nodes, and client status about them',
    fc.tuple(orBroken(nodeBytes), orBroken(question)),
    ([bytes, asked]) => {
      const node = readBy(() => readNode(bytes));
      if (node === undefined) return;
      const kept = excerptOf(node, new Set(['a']));
      if (bytesOfNode(kept) > LARGEST_CLIENT) throw new Error('more of a node is kept than may be');
      JSON.stringify(kept);
      for (const question of [EVERYBODY, asked]) {
        const { response } = answerAbout(kept, question);
        if (response === undefined) {
          if (question === EVERYBODY) throw new Error('a question about everybody is refused');
          continue;
        }
        if (response.length > LARGEST_CLIENT) throw new Error('the answer is too large');
        const { config = [] } = decode('envoy.service.status.v3.ClientStatusResponse', response);
        if (question === EVERYBODY && config[0]?.node?.id !== kept.id)
          throw new Error('the node is another one');
      }
    },
  ),
  target('load reports', orBroken(report), (bytes) => {
    readBy(() => atOnce(readReportingNode(bytes)));
    const taken: ClusterLoad[] = [];
    readBy(() =>
      atOnce(
        readLoadReport(
          bytes,
          (name) => name !== 'b',
          (load) => taken.push(load),
        ),
      ),
    );
    for (const load of taken) checkLoad(load);
    if (new Set(taken.map(({ cluster }) => cluster)).size < taken.length) throw new Error('a cluster twice');
    if (taken.some(({ cluster }) => cluster === 'b')) throw new Error('a cluster that the proxy cannot have');
  }),
  ...(['sotw', 'delta'] as const).map((variant) =>
    target(`names and type URLs, ${variant}`, asked, ({ typeUrl, names, known }) => {
      const sent =
        variant === 'sotw' ? { typeUrl, names } : { typeUrl, subscribe: names, known: new Map(known) };
      const bytes = encodeRequest(variant, sent);
      const request = readBy(() => (variant === 'sotw' ? reader.sotw(bytes) : reader.delta(bytes)));
      const longest = (texts: readonly string[]) =>
        Math.max(0, ...texts.map((text) => Buffer.byteLength(text)));
      const tooLong = longest(names) > BOUND.name || longest([typeUrl]) > BOUND.typeUrl;
      if (tooLong && request !== undefined) throw new Error('a text beyond its bound is taken');
      const withKnown = variant === 'delta' && known.length > 0;
      if (!tooLong && !withKnown && request === undefined)
        throw new Error('a text within its bound is refused');
    }),
  ),
];
