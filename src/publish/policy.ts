import type { ServicePolicy } from '../config/service-policy.js';
import type { Instance, InstancePolicy } from '../model/instance.js';
import type { ClusterPolicy, HealthCheck, OutlierDetection } from '../resources/cluster-policy.js';

/** How the instances of a registry are checked that names a path and nothing else. Milliseconds. */
const CHECKURL = { interval: 5_000, timeout: 2_000, unhealthyThreshold: 3, healthyThreshold: 2 };
const FAIL_TIMEOUT = 10_000;
/** What instances say is data: beyond these Envoy would refuse the cluster. */
const LONGEST = 86_400_000;
const MOST_FAILS = 1_000_000;

/** The policies of the configuration that concern a service, in the order of precedence. */
export type Said = readonly (ServicePolicy | undefined)[];

/** What the closest policy says that says it at all. */
export function firstSaid<Key extends keyof ServicePolicy>(said: Said, key: Key): ServicePolicy[Key] {
  return said.find((policy) => policy?.[key] !== undefined)?.[key];
}

/**
 * The policy of a cluster: what the configuration says, the closest first, then what the instances say. Where they
 * differ among themselves, what most of them say counts, since Envoy has one policy for a cluster.
 * @param subsets the sets of metadata keys by which routes name subsets of the service
 */
export function clusterPolicy(
  said: Said,
  instances: readonly Instance[],
  subsets: readonly (readonly string[])[] = [],
): ClusterPolicy {
  const first = <Key extends keyof ServicePolicy>(key: Key) => firstSaid(said, key);
  const window = mostSaid(instances, 'slowStartSeconds');
  const ownCheck = healthCheckOf(first('health_check'));
  const path = ownCheck === undefined ? mostSaid(instances, 'healthCheckPath') : undefined;
  const healthCheck = ownCheck ?? checkUrl(path);
  const overGrpc = typeof healthCheck?.kind === 'object' && 'grpc' in healthCheck.kind;
  const protocol = first('protocol');
  const http2 = protocol === undefined ? mostly(instances, wantsHttp2) : protocol !== 'http1';
  const spoken = tlsOf(first('tls'), instances);
  // The closest has the last word.
  const envoy = said.flatMap((policy) => (policy?.envoy === undefined ? [] : [policy.envoy])).reverse();
  return {
    connectTimeout: first('connect_timeout') ?? 5_000,
    lbPolicy: first('lb_policy') ?? 'ROUND_ROBIN',
    leastRequest: first('least_request_lb_config'),
    ringHash: first('ring_hash_lb_config'),
    maglev: first('maglev_lb_config'),
    common: first('common_lb_config'),
    subsets,
    subsetFallback: first('subset_fallback'),
    slowStart: first('slow_start') ?? (window === undefined ? undefined : { window: milliseconds(window) }),
    healthCheck,
    outlierDetection:
      outlierDetectionOf(first('outlier_detection')) ??
      maxFails(mostSaid(instances, 'maxFails'), mostSaid(instances, 'failTimeoutSeconds')),
    circuitBreakers: first('circuit_breakers'),
    ...spoken,
    tcpKeepalive: first('tcp_keepalive'),
    dns: {
      refreshRate: first('dns_refresh_rate'),
      respectTtl: first('respect_dns_ttl'),
      lookupFamily: first('dns_lookup_family'),
    },
    // Envoy refuses a cluster that is checked by gRPC and does not speak HTTP/2.
    http2: http2 || overGrpc,
    endpoints: {
      metadataKeys: [...new Set(subsets.flat())].sort(),
      healthCheckPath: path,
      ...(spoken.tlsToSome === true && { markSecure: true }),
    },
    ...(envoy.length > 0 && { envoy }),
  };
}

/** The value that most instances give; of equally many the smaller one, so that the order never matters. */
export function mostSaid<Key extends keyof InstancePolicy>(
  instances: readonly Instance[],
  key: Key,
): InstancePolicy[Key] | undefined {
  return tally(instances, key)[0]?.[0];
}

/** What instances give, with how many do, in the order of precedence. */
export function tally<Key extends keyof InstancePolicy>(
  instances: readonly Instance[],
  key: Key,
): readonly (readonly [NonNullable<InstancePolicy[Key]>, number])[] {
  const counts = new Map<NonNullable<InstancePolicy[Key]>, number>();
  for (const { policy } of instances) {
    const value = policy?.[key];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

export const isSecure = ({ secure }: Instance): boolean => secure === true;
export const wantsHttp2 = ({ policy }: Instance): boolean => policy?.http2 === true;

/** Which instances get TLS: those that the configuration names, otherwise those that ask for it. */
function tlsOf(
  said: ServicePolicy['tls'],
  instances: readonly Instance[],
): Pick<ClusterPolicy, 'tls' | 'tlsToSome'> {
  if (said === false) return {};
  const { when, ...tls } = said ?? { when: 'secure' };
  if (when !== 'secure') return { tls };
  const count = instances.filter(isSecure).length;
  if (count === 0) return {};
  return count < instances.length ? { tls, tlsToSome: true } : { tls };
}

/** Whether more than half of the instances do. */
export function mostly(instances: readonly Instance[], does: (instance: Instance) => boolean): boolean {
  return instances.filter(does).length * 2 > instances.length;
}

function healthCheckOf(check: ServicePolicy['health_check']): HealthCheck | undefined {
  if (check === undefined) return undefined;
  const { path, host, expected_statuses, grpc, interval, timeout, unhealthy_threshold, healthy_threshold } =
    check;
  return {
    kind:
      path !== undefined
        ? { http: path, host, expectedStatuses: expected_statuses }
        : grpc === undefined || grpc === false
          ? 'tcp'
          : { grpc: grpc === true ? {} : grpc },
    interval,
    timeout,
    unhealthyThreshold: unhealthy_threshold,
    healthyThreshold: healthy_threshold,
  };
}

function checkUrl(path: string | undefined): HealthCheck | undefined {
  return path === undefined ? undefined : { kind: { http: path }, ...CHECKURL };
}

function outlierDetectionOf(detection: ServicePolicy['outlier_detection']): OutlierDetection | undefined {
  if (detection === undefined) return undefined;
  const successRate = {
    success_rate_minimum_hosts: detection.success_rate_minimum_hosts,
    success_rate_request_volume: detection.success_rate_request_volume,
    success_rate_stdev_factor: detection.success_rate_stdev_factor,
  };
  const failurePercentage = {
    failure_percentage_threshold: detection.failure_percentage_threshold,
    failure_percentage_minimum_hosts: detection.failure_percentage_minimum_hosts,
    failure_percentage_request_volume: detection.failure_percentage_request_volume,
  };
  return {
    consecutive5xx: detection.consecutive_5xx,
    consecutiveGatewayFailure: detection.consecutive_gateway_failure,
    consecutiveLocalOriginFailure: detection.consecutive_local_origin_failure,
    ...(saysAnything(successRate) && { successRate }),
    ...(saysAnything(failurePercentage) && { failurePercentage }),
    interval: detection.interval,
    baseEjectionTime: detection.base_ejection_time,
    maxEjectionTime: detection.max_ejection_time,
    maxEjectionPercent: detection.max_ejection_percent,
  };
}

function saysAnything(options: object): boolean {
  return Object.values(options).some((value) => value !== undefined);
}

/** nginx's meaning: so many failures in a row take an instance out for so long; 0 turns it off. */
function maxFails(fails: number | undefined, timeout: number | undefined): OutlierDetection | undefined {
  if (fails === undefined || fails === 0) return undefined;
  const baseEjectionTime =
    timeout === undefined || timeout === 0 ? FAIL_TIMEOUT : Math.max(1, milliseconds(timeout));
  return {
    consecutive5xx: Math.min(Math.ceil(fails), MOST_FAILS),
    interval: Math.min(1_000, baseEjectionTime),
    baseEjectionTime,
    maxEjectionPercent: 100,
  };
}

function milliseconds(seconds: number): number {
  return Math.min(Math.round(seconds * 1_000), LONGEST);
}
