import type { ServicePolicy } from '../config/service-policy.js';
import type { Instance, InstancePolicy } from '../model/instance.js';
import type { ClusterPolicy, HealthCheck, OutlierDetection } from '../resources/cluster-policy.js';

/** How the instances of a registry are checked that names a path and nothing else. Milliseconds. */
const CHECKURL = { interval: 5_000, timeout: 2_000, unhealthyThreshold: 3, healthyThreshold: 2 };
const FAIL_TIMEOUT = 10_000;
/** What instances say is data: beyond these Envoy would refuse the cluster. */
const LONGEST = 86_400_000;
const MOST_FAILS = 1_000_000;

/**
 * The policy of a cluster: what the configuration says, the closest first, then what the instances say. Where they
 * differ among themselves, what most of them say counts, since Envoy has one policy for a cluster.
 * @param said the configuration's policies in the order of precedence
 */
export function clusterPolicy(
  said: readonly (ServicePolicy | undefined)[],
  instances: readonly Instance[],
): ClusterPolicy {
  const first = <T>(get: (policy: ServicePolicy) => T | undefined): T | undefined =>
    said
      .map((policy) => (policy === undefined ? undefined : get(policy)))
      .find((value) => value !== undefined);
  // The closest has the last word.
  const envoy = said.flatMap((policy) => (policy?.envoy === undefined ? [] : [policy.envoy])).reverse();
  const slowStart = mostSaid(instances, 'slowStartSeconds');
  const healthCheck =
    healthCheckOf(first((policy) => policy.health_check)) ?? checkUrl(mostSaid(instances, 'healthCheckPath'));
  return {
    connectTimeout: first((policy) => policy.connect_timeout) ?? 5_000,
    lbPolicy: first((policy) => policy.lb_policy) ?? 'ROUND_ROBIN',
    slowStart:
      first((policy) => policy.slow_start) ?? (slowStart === undefined ? undefined : milliseconds(slowStart)),
    healthCheck,
    outlierDetection:
      outlierDetectionOf(first((policy) => policy.outlier_detection)) ??
      maxFails(mostSaid(instances, 'maxFails'), mostSaid(instances, 'failTimeoutSeconds')),
    circuitBreakers: first((policy) => policy.circuit_breakers),
    tls: first((policy) => policy.tls) ?? (mostlySecure(instances) ? {} : undefined),
    // Envoy refuses a cluster that is checked by gRPC and does not speak HTTP/2.
    http2: first((policy) => policy.protocol) === 'http2' || healthCheck?.kind === 'grpc',
    ...(envoy.length > 0 && { envoy }),
  };
}

/** The value that most instances give; of equally many the smaller one, so that the order never matters. */
export function mostSaid<Key extends keyof InstancePolicy>(
  instances: readonly Instance[],
  key: Key,
): InstancePolicy[Key] | undefined {
  const counts = new Map<NonNullable<InstancePolicy[Key]>, number>();
  for (const { policy } of instances) {
    const value = policy?.[key];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return most?.[0];
}

function mostlySecure(instances: readonly Instance[]): boolean {
  return (
    instances.length > 0 && instances.filter(({ secure }) => secure === true).length * 2 > instances.length
  );
}

function healthCheckOf(check: ServicePolicy['health_check']): HealthCheck | undefined {
  if (check === undefined) return undefined;
  const { path, host, tcp, interval, timeout, unhealthy_threshold, healthy_threshold } = check;
  const other = tcp === true ? ('tcp' as const) : ('grpc' as const);
  return {
    kind: path === undefined ? other : { http: path, host },
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
  const { consecutive_5xx, consecutive_gateway_failure, interval, base_ejection_time, max_ejection_percent } =
    detection;
  return {
    consecutive5xx: consecutive_5xx,
    consecutiveGatewayFailure: consecutive_gateway_failure,
    interval,
    baseEjectionTime: base_ejection_time,
    maxEjectionPercent: max_ejection_percent,
  };
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
