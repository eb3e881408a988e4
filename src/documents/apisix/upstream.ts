import type { ServicePolicy } from '../../config/service-policy.js';
import type { ServiceState } from '../../discovery/source.js';
import type { HashPolicy } from '../../model/route.js';
import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from '../json-document.js';
import { readChecks } from './checks.js';
import { readDiscovery } from './discovery.js';
import { readHashing } from './hashing.js';
import { readHost } from './host.js';
import { withoutNeutral } from './neutral.js';
import { readNodes } from './nodes.js';
import type { Reasons } from './reasons.js';
import { isScheme, portOf, schemePolicy } from './scheme.js';
import { readTimes, type Times } from './times.js';

/** Where requests go to, as an upstream of APISIX says it. */
export interface Upstream {
  readonly service: string;
  /** The instances of a service of its own; undefined where a registry knows the service, or others that it is made of. */
  readonly nodes: ServiceState | undefined;
  /** How that service of its own is treated; with `sources` where it is made of a registry's. */
  readonly policy: ServicePolicy | undefined;
  readonly times: Times | undefined;
  /** How often a request is tried again on another instance. */
  readonly retries: number;
  /** In place of the client's Host header. */
  readonly host: string | undefined;
  /** What a consistent load balancer tells requests apart by. */
  readonly hashing: readonly HashPolicy[] | undefined;
}

const ABOUT_IT = ['id', 'name', 'desc', 'labels', 'create_time', 'update_time'];
/** `hash_on` and `key` are written by APISIX into every upstream, and mean something to `chash` only. */
const KNOWN = new Set([
  ...ABOUT_IT,
  ...['nodes', 'service_name', 'discovery_type', 'discovery_args', 'type', 'hash_on', 'key', 'checks'],
  ...['timeout', 'retries', 'scheme', 'pass_host', 'upstream_host', 'keepalive_pool'],
]);
const DEFAULTS = {
  retry_timeout: 0,
  tls: { verify: false },
  keepalive_pool: { size: 320, idle_timeout: 60, requests: 1_000 },
};
const KEPT = new Set(['nodes', 'labels']);
/** Tries where nothing says how many instances there are to try. */
const RETRIES_OF_DISCOVERED = 2;
const MOST_RETRIES = 100;

const LB_POLICIES = { roundrobin: undefined, least_conn: 'LEAST_REQUEST', chash: 'RING_HASH' } as const;

/** @param ownName the service that static nodes become */
export function readUpstream(document: unknown, ownName: string, reasons: Reasons): Upstream | undefined {
  if (!isObject(document)) {
    reasons.add('"upstream" is no object');
    return undefined;
  }
  const given = withoutNeutral(document, DEFAULTS, KEPT);
  reasons.onlyKnown(given, KNOWN, 'upstream: ');
  const { type = 'roundrobin', scheme = 'http' } = given;
  if (!isScheme(scheme)) reasons.add(`upstream: scheme "${textOf(scheme)}" is not carried over`);
  if (given.keepalive_pool !== undefined)
    reasons.differs('upstream: "keepalive_pool" says nothing here: Envoy keeps connections by its own rules');
  const known = type === 'roundrobin' || type === 'least_conn' || type === 'chash';
  if (!known) reasons.add(`upstream: type "${textOf(type)}" is not carried over`);
  const lb = known ? LB_POLICIES[type] : undefined;
  const times = given.timeout === undefined ? undefined : readTimes(given.timeout, reasons);
  const nodes = instances(given, reasons);
  const host = readHost(given, textOf(scheme), nodes?.instances, reasons);
  const own: ServicePolicy = {
    ...(lb !== undefined && { lb_policy: lb }),
    ...schemePolicy(textOf(scheme)),
    ...readChecks(given.checks, textOf(scheme), reasons),
  };
  const hashing = type === 'chash' ? readHashing(given, reasons) : undefined;
  const common = { nodes, times, host, hashing };
  if (given.service_name !== undefined) {
    const sources = [...readDiscovery(given, reasons)];
    const plain = Object.keys(own).length === 0 && sources.every(({ where }) => where === undefined);
    return {
      ...common,
      ...(plain
        ? { service: textOf(given.service_name), policy: undefined }
        : { service: ownName, policy: { ...own, sources } }),
      retries: readRetries(given.retries, RETRIES_OF_DISCOVERED, reasons),
    };
  }
  const connect = times?.connect;
  const policy = { ...(connect !== undefined && { connect_timeout: connect }), ...own };
  // APISIX tries each of the other nodes once.
  const others = Math.max(0, (nodes?.instances.length ?? 0) - 1);
  return {
    ...common,
    service: ownName,
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    retries: readRetries(given.retries, others, reasons),
  };
}

function instances(
  { nodes, service_name: service, scheme = 'http' }: JsonObject,
  reasons: Reasons,
): ServiceState | undefined {
  if (service === undefined && nodes === undefined)
    reasons.add('upstream: it has neither "nodes" nor "service_name"');
  if (service !== undefined && nodes !== undefined)
    reasons.add('upstream: it has both "nodes" and "service_name"');
  return service !== undefined || nodes === undefined
    ? undefined
    : readNodes(nodes, portOf(textOf(scheme)), reasons);
}

function readRetries(given: unknown, otherwise: number, reasons: Reasons): number {
  if (given === undefined) return Math.min(otherwise, MOST_RETRIES);
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0)
    return Math.min(given, MOST_RETRIES);
  reasons.add('upstream: "retries" is no whole number');
  return 0;
}
