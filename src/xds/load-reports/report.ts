import protobuf from 'protobufjs';
import { addressOf } from '../../model/instance.js';
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

interface Sums {
  successes: number;
  errors: number;
  inProgress: number;
  readonly metrics: Map<string, { requests: number; sum: number }>;
}

/**
 * Reads an encoded `envoy.service.load_stats.v3.LoadStatsRequest`. An Envoy repeats its node with 60 KB of extensions in
 * each of them and names every cluster: both are stepped over without being decoded, but for the clusters that had traffic.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/endpoint/v3/load_report.proto
 * @throws Error for bytes that are no such message
 */
export function readLoadReport(bytes: Uint8Array): readonly ClusterLoad[] {
  const clusters: ClusterLoad[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== 2) return false;
    const cluster = readCluster(reader.bytes());
    if (cluster !== undefined) clusters.push(cluster);
    return true;
  });
  return clusters;
}

/** The node of the first request of a stream; undefined where there is none. */
export function readReportingNode(bytes: Uint8Array): ProxyNode | undefined {
  let node: ProxyNode | undefined;
  eachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    node = readNode(reader.bytes());
    return true;
  });
  return node;
}

function readCluster(bytes: Uint8Array): ClusterLoad | undefined {
  let cluster = '';
  let dropped = 0;
  let seconds = 0;
  const sums = noSums();
  const endpoints: EndpointLoad[] = [];
  let idle = true;
  eachField(bytes, (field, reader) => {
    if (field === 1) cluster = reader.string();
    else if (field === 2) {
      idle = false;
      readLocality(reader.bytes(), sums, endpoints);
    } else if (field === 3) {
      dropped = count(reader);
      idle &&= dropped === 0;
    } else if (field === 4) seconds = readSeconds(reader.bytes());
    else return false;
    return true;
  });
  return idle || cluster === '' ? undefined : { cluster, seconds, dropped, ...sums, endpoints };
}

function readLocality(bytes: Uint8Array, sums: Sums, endpoints: EndpointLoad[]): void {
  eachField(bytes, (field, reader) => {
    if (field === 2) sums.successes += count(reader);
    else if (field === 3) sums.inProgress += count(reader);
    else if (field === 4) sums.errors += count(reader);
    else if (field === 5) readMetric(reader.bytes(), sums.metrics);
    else if (field === 7) {
      const endpoint = readEndpoint(reader.bytes());
      if (endpoint !== undefined) endpoints.push(endpoint);
    } else return false;
    return true;
  });
}

function readEndpoint(bytes: Uint8Array): EndpointLoad | undefined {
  let address: string | undefined;
  const sums = noSums();
  eachField(bytes, (field, reader) => {
    if (field === 1) address = readAddress(reader.bytes());
    else if (field === 2) sums.successes += count(reader);
    else if (field === 3) sums.inProgress += count(reader);
    else if (field === 4) sums.errors += count(reader);
    else if (field === 5) readMetric(reader.bytes(), sums.metrics);
    else return false;
    return true;
  });
  return address === undefined ? undefined : { address, ...sums };
}

/** `host:port` of a socket address; undefined for a pipe and its like. */
function readAddress(bytes: Uint8Array): string | undefined {
  let host = '';
  let port = 0;
  eachField(bytes, (outer, address) => {
    if (outer !== 1) return false;
    eachField(address.bytes(), (field, reader) => {
      if (field === 2) host = reader.string();
      else if (field === 3) port = reader.uint32();
      else return false;
      return true;
    });
    return true;
  });
  return host === '' ? undefined : addressOf({ host, port });
}

function readMetric(bytes: Uint8Array, metrics: Sums['metrics']): void {
  let name = '';
  let requests = 0;
  let sum = 0;
  eachField(bytes, (field, reader) => {
    if (field === 1) name = reader.string();
    else if (field === 2) requests = count(reader);
    else if (field === 3) sum = reader.double();
    else return false;
    return true;
  });
  if (name === '' || requests === 0 || !Number.isFinite(sum)) return;
  const before = metrics.get(name) ?? { requests: 0, sum: 0 };
  metrics.set(name, { requests: before.requests + requests, sum: before.sum + sum });
}

function readSeconds(bytes: Uint8Array): number {
  let seconds = 0;
  eachField(bytes, (field, reader) => {
    if (field === 1) seconds += toNumber(reader.int64());
    else if (field === 2) seconds += reader.int32() / 1e9;
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

/** @param take reads the value of a field, or says with false that it is of no interest */
function eachField(bytes: Uint8Array, take: (field: number, reader: protobuf.Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!take(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}
