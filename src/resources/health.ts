import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { HealthCheck as EnvoyHealthCheck } from '../generated/types/envoy/config/core/v3/HealthCheck.js';
import type { ClusterPolicy, HealthCheck, OutlierDetection } from './cluster-policy.js';
import { protoDuration } from './durations.js';
import { wrapped } from './wrapped.js';

/** How a cluster learns which of its endpoints work. */
export function healthOf({ healthCheck, outlierDetection, http2 }: ClusterPolicy): Cluster {
  return {
    ...(healthCheck !== undefined && {
      health_checks: [activeCheck(healthCheck, http2 === true)],
      // Else an instance that is gone from the registry is served as long as its check passes.
      ignore_health_on_host_removal: true,
    }),
    ...(outlierDetection !== undefined && { outlier_detection: ejection(outlierDetection) }),
  };
}

function activeCheck(check: HealthCheck, http2: boolean): EnvoyHealthCheck {
  const { kind, interval, timeout, unhealthyThreshold, healthyThreshold } = check;
  const common: EnvoyHealthCheck = {
    interval: protoDuration(interval),
    // Envoy's own is 60 s, which also delays the first check after the first request.
    no_traffic_interval: protoDuration(interval),
    timeout: protoDuration(timeout),
    unhealthy_threshold: { value: unhealthyThreshold },
    healthy_threshold: { value: healthyThreshold },
  };
  if (kind === 'tcp') return { ...common, tcp_health_check: {} };
  if ('grpc' in kind) {
    const { service_name } = kind.grpc;
    return { ...common, grpc_health_check: { ...(service_name !== undefined && { service_name }) } };
  }
  return {
    ...common,
    http_health_check: {
      path: kind.http,
      ...(kind.host !== undefined && { host: kind.host }),
      ...(kind.expectedStatuses !== undefined && {
        expected_statuses: kind.expectedStatuses.map(({ start, end }) => ({ start, end })),
      }),
      ...(http2 && { codec_client_type: 'HTTP2' as const }),
    },
  };
}

function ejection(policy: OutlierDetection): NonNullable<Cluster['outlier_detection']> {
  const { consecutive5xx, consecutiveGatewayFailure, consecutiveLocalOriginFailure } = policy;
  const { interval, baseEjectionTime, maxEjectionTime, maxEjectionPercent } = policy;
  return {
    interval: protoDuration(interval),
    base_ejection_time: protoDuration(baseEjectionTime),
    max_ejection_time: protoDuration(maxEjectionTime ?? Math.max(baseEjectionTime, 300_000)),
    max_ejection_percent: { value: maxEjectionPercent },
    // Envoy's statistical rules are off unless asked for: what is said is what happens.
    enforcing_success_rate: { value: policy.successRate === undefined ? 0 : 100 },
    enforcing_failure_percentage: { value: policy.failurePercentage === undefined ? 0 : 100 },
    ...wrapped(policy.successRate ?? {}),
    ...wrapped(policy.failurePercentage ?? {}),
    consecutive_5xx: { value: consecutive5xx ?? 0 },
    enforcing_consecutive_5xx: { value: consecutive5xx === undefined ? 0 : 100 },
    ...(consecutiveGatewayFailure !== undefined && {
      consecutive_gateway_failure: { value: consecutiveGatewayFailure },
      enforcing_consecutive_gateway_failure: { value: 100 },
    }),
    ...(consecutiveLocalOriginFailure !== undefined && {
      split_external_local_origin_errors: true,
      consecutive_local_origin_failure: { value: consecutiveLocalOriginFailure },
      enforcing_consecutive_local_origin_failure: { value: 100 },
    }),
  };
}
