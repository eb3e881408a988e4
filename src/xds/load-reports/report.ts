import protobuf from 'protobufjs';
import { addressOf } from '../../model/instance.js';
import { skipField } from '../../protobuf/skip-field.js';
import type { Steps } from '../../snapshot/steps.js';
import { type ProxyNode, readNode } from '../node.js';

/** What a proxy counted in one interval. */
export interface Load {
  /** Requests that ended well; for HTTP, with no 5xx. */
  readonly successes: number;
  /** Requests that ended badly, those that reached no instance among them. */
  readonly errors: number;
  /** Requests that were under way when the interval ended. */
  readonly inProgress: number;
  /** What instances said of themselves (ORCA), by name: the sum over so many requests. */
  readonly metrics: ReadonlyMap<string, { readonly requests: number; readonly sum: number }>;
}

/** The load of one endpoint; `address` is `host:port`. */
export interface EndpointLoad extends Load {
  readonly address: string;
}

/** The load of one cluster, over all its localities and priorities. */
export interface ClusterLoad extends Load {
  readonly cluster: string;
  /** How long the interval was. */
  readonly seconds: number;
  /** Requests that the proxy dropped itself, by a circuit breaker or a drop overload. */
  readonly dropped: number;
  readonly endpoints: readonly EndpointLoad[];
}

/** No proxy serves more in an interval: beyond it a number is an invention, which must not drown the others. */
const MOST_REQUESTS = 1e9;
const LONGEST_SECONDS = 3_600;
/** Instances in a report; as many as are kept of all. */
const MOST_ENDPOINTS = 20_000;
/** Names of what instances say of themselves; Envoy reports those that it is configured for. */
const MOST_METRICS = 32;
/** Bytes of such a name, and of an address. */
const LONGEST_TEXT = 256;
const LONGEST_CLUSTER = 4 * 1024;
/** Bytes of what is read in one piece, such as an endpoint with its metadata. */
const LARGEST_PIECE = 256 * 1024;
/** Fields that are looked at in one step. */
const PIECE = 5_000;

interface Sums {
  successes: number;
  errors: number;
  inProgress: number;
  readonly metrics: Map<string, { requests: number; sum: number }>;
}

/** How far the reading of a report is. */
interface Progress {
  /** Since the last step. */
  fields: number;
  endpoints: number;
}

/**
 * Reads an encoded `envoy.service.load_stats.v3.LoadStatsRequest`, in steps. An Envoy repeats its node with 60 KB of
 * extensions in each of them and names every cluster: both are stepped over without being decoded, but for the clusters
 * that had traffic.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/endpoint/v3/load_report.proto
 * @param knows whether the proxy can have a cluster; others are left out, as is one that is named again
 * @param take called for each cluster
 * @returns how many clusters were left out
 * @throws Error for bytes that are no such message
 */
export function* readLoadReport(
  bytes: Uint8Array,
  knows: (cluster: string) => boolean,
  take: (load: ClusterLoad) => void,
): Steps<number> {
  const progress: Progress = { fields: 0, endpoints: 0 };
  const seen = new Set<string>();
  let leftOut = 0;
  for (const part of fieldsOf(bytes, 2, progress)) {
    yield* rest(progress);
    if (part === undefined) continue;
    const head = yield* readHead(part, progress);
    if (head.idle || head.cluster === '') continue;
    if (seen.has(head.cluster) || !knows(head.cluster)) {
      leftOut += 1;
      continue;
    }
    seen.add(head.cluster);
    take(yield* readCluster(part, head, progress));
  }
  return leftOut;
}

/** The node of the first request of a stream; undefined where there is none. */
export function* readReportingNode(bytes: Uint8Array): Steps<ProxyNode | undefined> {
  const progress: Progress = { fields: 0, endpoints: 0 };
  for (const part of fieldsOf(bytes, 1, progress)) {
    yield* rest(progress);
    if (part !== undefined) return readNode(part);
  }
  return undefined;
}

/** What is known of a cluster before its localities are looked at. */
type Head = Pick<ClusterLoad, 'cluster' | 'dropped' | 'seconds'> & { readonly idle: boolean };

function* readHead(bytes: Uint8Array, progress: Progress): Steps<Head> {
  let cluster = '';
  let dropped = 0;
  let seconds = 0;
  let localities = 0;
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    progress.fields += 1;
    yield* rest(progress);
    const tag = reader.uint32();
    if (tag === 0x0a) cluster = readText(reader, LONGEST_CLUSTER);
    else if (tag === 0x18) dropped = count(reader);
    else if (tag === 0x22) seconds = readSeconds(reader.bytes(), progress);
    else {
      if (tag === 0x12) localities += 1;
      skipField(reader, tag);
    }
  }
  return { cluster, dropped, seconds, idle: localities === 0 && dropped === 0 };
}

function* readCluster(bytes: Uint8Array, head: Head, progress: Progress): Steps<ClusterLoad> {
  const sums = noSums();
  const endpoints: EndpointLoad[] = [];
  for (const locality of fieldsOf(bytes, 2, progress)) {
    yield* rest(progress);
    if (locality !== undefined) yield* readLocality(locality, sums, endpoints, progress);
  }
  const { cluster, dropped, seconds } = head;
  return { cluster, dropped, seconds, ...capped(sums), endpoints };
}

function* readLocality(
  bytes: Uint8Array,
  sums: Sums,
  endpoints: EndpointLoad[],
  progress: Progress,
): Steps<void> {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    progress.fields += 1;
    yield* rest(progress);
    const tag = reader.uint32();
    if (readSum(tag, reader, sums, progress)) continue;
    if (tag !== 0x3a) {
      skipField(reader, tag);
      continue;
    }
    const endpoint = readEndpoint(reader.bytes(), progress);
    if (endpoint === undefined || progress.endpoints >= MOST_ENDPOINTS) continue;
    progress.endpoints += 1;
    endpoints.push(endpoint);
  }
}

function readEndpoint(bytes: Uint8Array, progress: Progress): EndpointLoad | undefined {
  let address: string | undefined;
  const sums = noSums();
  eachField(bytes, progress, (tag, reader) => {
    if (tag !== 0x0a) return readSum(tag, reader, sums, progress);
    address = readAddress(reader.bytes(), progress);
    return true;
  });
  return address === undefined ? undefined : { address, ...capped(sums) };
}

/** What a locality and an endpoint have in common. @returns false for a field that is none of these */
function readSum(tag: number, reader: protobuf.Reader, sums: Sums, progress: Progress): boolean {
  if (tag === 0x10) sums.successes += count(reader);
  else if (tag === 0x18) sums.inProgress += count(reader);
  else if (tag === 0x20) sums.errors += count(reader);
  else if (tag === 0x2a) readMetric(reader.bytes(), sums.metrics, progress);
  else return false;
  return true;
}

/** `host:port` of a socket address; undefined for a pipe and its like. */
function readAddress(bytes: Uint8Array, progress: Progress): string | undefined {
  let host = '';
  let port = 0;
  eachField(bytes, progress, (outer, address) => {
    if (outer !== 0x0a) return false;
    eachField(address.bytes(), progress, (tag, reader) => {
      if (tag === 0x12) host = readText(reader);
      else if (tag === 0x18) port = reader.uint32();
      else return false;
      return true;
    });
    return true;
  });
  return host === '' ? undefined : addressOf({ host, port });
}

function readMetric(bytes: Uint8Array, metrics: Sums['metrics'], progress: Progress): void {
  let name = '';
  let requests = 0;
  let sum = 0;
  eachField(bytes, progress, (tag, reader) => {
    if (tag === 0x0a) name = readText(reader);
    else if (tag === 0x10) requests = count(reader);
    else if (tag === 0x19) sum = reader.double();
    else return false;
    return true;
  });
  if (name === '' || requests === 0 || !Number.isFinite(sum)) return;
  const before = metrics.get(name) ?? { requests: 0, sum: 0 };
  if (before.requests === 0 && metrics.size >= MOST_METRICS) return;
  metrics.set(name, { requests: before.requests + requests, sum: before.sum + sum });
}

/** Empty for a text that is longer than any that is served. */
function readText(reader: protobuf.Reader, longest = LONGEST_TEXT): string {
  const bytes = reader.bytes();
  return bytes.length > longest ? '' : Buffer.from(bytes).toString();
}

function readSeconds(bytes: Uint8Array, progress: Progress): number {
  let seconds = 0;
  eachField(bytes, progress, (tag, reader) => {
    if (tag === 0x08) seconds += toNumber(reader.int64());
    else if (tag === 0x10) seconds += reader.int32() / 1e9;
    else return false;
    return true;
  });
  return Math.min(Math.max(seconds, 0), LONGEST_SECONDS);
}

function count(reader: protobuf.Reader): number {
  return Math.min(toNumber(reader.uint64()), MOST_REQUESTS);
}

function toNumber({ high, low, unsigned }: protobuf.Long): number {
  return (unsigned ? high >>> 0 : high) * 2 ** 32 + (low >>> 0);
}

function noSums(): Sums {
  return { successes: 0, errors: 0, inProgress: 0, metrics: new Map() };
}

/** Sums over very many parts are bounded as each of them is. */
function capped({ successes, errors, inProgress, metrics }: Sums): Load {
  const most = (sum: number) => Math.min(sum, MOST_REQUESTS);
  return { successes: most(successes), errors: most(errors), inProgress: most(inProgress), metrics };
}

/** The parts of a message that are a field of this number; undefined for each other one. */
function* fieldsOf(bytes: Uint8Array, field: number, progress: Progress): Generator<Uint8Array | undefined> {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    progress.fields += 1;
    const tag = reader.uint32();
    if (tag === field * 8 + 2) yield reader.bytes();
    else {
      skipField(reader, tag);
      yield undefined;
    }
  }
}

function* rest(progress: Progress): Steps<void> {
  if (progress.fields < PIECE) return;
  progress.fields = 0;
  yield;
}

/** @param take reads the value of a field of this tag, or says with false that it is of no interest */
function eachField(
  bytes: Uint8Array,
  progress: Progress,
  take: (tag: number, reader: protobuf.Reader) => boolean,
): void {
  if (bytes.length > LARGEST_PIECE)
    throw new Error(`a part of a load report has more than ${LARGEST_PIECE} bytes`);
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    progress.fields += 1;
    const tag = reader.uint32();
    if (!take(tag, reader)) skipField(reader, tag);
  }
}
