import type { ServicePolicy } from '../../config/service-policy.js';
import type { ServiceState } from '../../discovery/source.js';
import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from '../json-document.js';
import { readNodes } from './nodes.js';
import type { Reasons } from './reasons.js';
import { readTimes, type Times } from './times.js';

/** Where requests go to, as an upstream of APISIX says it. */
export interface Upstream {
  readonly service: string;
  /** The instances of a service of its own; undefined where a registry knows the service. */
  readonly nodes: ServiceState | undefined;
  /** How that service of its own is treated. */
  readonly policy: ServicePolicy | undefined;
  readonly times: Times | undefined;
  /** How often a request is tried again on another instance. */
  readonly retries: number;
  /** In place of the client's Host header. */
  readonly host: string | undefined;
}

const ABOUT_IT = ['id', 'name', 'desc', 'labels', 'create_time', 'update_time'];
/** `hash_on` and `key` are written by APISIX into every upstream, and mean something to `chash` only. */
const KNOWN = new Set([
  ...ABOUT_IT,
  ...['nodes', 'service_name', 'discovery_type', 'type', 'hash_on', 'key'],
  ...['timeout', 'retries', 'scheme', 'pass_host', 'upstream_host'],
]);
/** Whose service names are the same here. */
const REGISTRIES = new Set(['consul', 'consul_kv', 'eureka', 'nacos', 'zookeeper', 'etcd']);
/** Tries where nothing says how many instances there are to try. */
const RETRIES_OF_DISCOVERED = 2;
const MOST_RETRIES = 100;

/** @param ownName the service that static nodes become */
export function readUpstream(given: unknown, ownName: string, reasons: Reasons): Upstream | undefined {
  if (!isObject(given)) {
    reasons.add('"upstream" is no object');
    return undefined;
  }
  reasons.onlyKnown(given, KNOWN, 'upstream: ');
  const { scheme = 'http' } = given;
  if (scheme !== 'http')
    reasons.add(`upstream: scheme "${textOf(scheme)}" is not carried over, only "http" is`);
  const times = given.timeout === undefined ? undefined : readTimes(given.timeout, reasons);
  const common = { times, host: readHost(given, reasons) };
  return given.service_name === undefined
    ? ownService(given, ownName, common, reasons)
    : discovered(given, common, reasons);
}

type Common = Pick<Upstream, 'times' | 'host'>;

function discovered(given: JsonObject, common: Common, reasons: Reasons): Upstream {
  const { service_name: service, discovery_type: discovery, type = 'roundrobin' } = given;
  if (typeof service !== 'string' || service === '') reasons.add('upstream: "service_name" is no text');
  if (typeof discovery !== 'string' || !REGISTRIES.has(discovery))
    reasons.add(`upstream: discovery_type "${textOf(discovery)}" is not carried over`);
  if (given.nodes !== undefined) reasons.add('upstream: it has both "nodes" and "service_name"');
  if (type !== 'roundrobin')
    reasons.add(
      `upstream: type "${textOf(type)}" is not carried over; "lb_policy" of the service says it here`,
    );
  return {
    service: textOf(service),
    nodes: undefined,
    policy: undefined,
    retries: readRetries(given.retries, RETRIES_OF_DISCOVERED, reasons),
    ...common,
  };
}

const LB_POLICIES = { roundrobin: undefined, least_conn: 'LEAST_REQUEST' } as const;

function ownService(given: JsonObject, service: string, common: Common, reasons: Reasons): Upstream {
  const { type = 'roundrobin' } = given;
  if (given.nodes === undefined) reasons.add('upstream: it has neither "nodes" nor "service_name"');
  const nodes = given.nodes === undefined ? undefined : readNodes(given.nodes, reasons);
  const known = type === 'roundrobin' || type === 'least_conn';
  if (!known) reasons.add(`upstream: type "${textOf(type)}" is not carried over`);
  const lb = known ? LB_POLICIES[type] : undefined;
  const connect = common.times?.connect;
  const policy = {
    ...(connect !== undefined && { connect_timeout: connect }),
    ...(lb !== undefined && { lb_policy: lb }),
  };
  // APISIX tries each of the other nodes once.
  const others = Math.max(0, (nodes?.instances.length ?? 0) - 1);
  return {
    service,
    nodes,
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    retries: readRetries(given.retries, others, reasons),
    ...common,
  };
}

function readRetries(given: unknown, otherwise: number, reasons: Reasons): number {
  if (given === undefined) return Math.min(otherwise, MOST_RETRIES);
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0)
    return Math.min(given, MOST_RETRIES);
  reasons.add('upstream: "retries" is no whole number');
  return 0;
}

function readHost(given: JsonObject, reasons: Reasons): string | undefined {
  const { pass_host: pass = 'pass', upstream_host: host } = given;
  if (pass === 'pass') return undefined;
  if (pass !== 'rewrite') reasons.add(`upstream: pass_host "${textOf(pass)}" is not carried over`);
  else if (typeof host !== 'string' || host === '') reasons.add('upstream: "upstream_host" is no text');
  return typeof host === 'string' ? host : undefined;
}
