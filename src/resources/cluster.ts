import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { ConfigSource } from '../generated/types/envoy/config/core/v3/ConfigSource.js';
import type { HealthCheck as EnvoyHealthCheck } from '../generated/types/envoy/config/core/v3/HealthCheck.js';
import { isAddress } from '../model/host.js';
import type { Instance } from '../model/instance.js';
import { encode, pack } from '../protobuf/messages.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { CircuitBreakers, ClusterPolicy, HealthCheck, OutlierDetection } from './cluster-policy.js';
import { protoDuration } from './durations.js';
import { loadAssignment } from './endpoints.js';
import { withEnvoyJson } from './envoy-json.js';
import { upstreamTls } from './upstream-tls.js';

/** Everything on the one stream that the proxy has already. */
export const ADS: ConfigSource = { ads: {}, resource_api_version: 'V3' };

const CLUSTER = 'envoy.config.cluster.v3.Cluster';

/** Envoy takes addresses only in EDS; a cluster with a host name among its endpoints resolves them itself. */
export function needsDns(instances: readonly Instance[]): boolean {
  return instances.some((instance) => !isAddress(instance.host));
}

/** The CDS resource of a service. */
export function clusterResource(
  name: string,
  instances: readonly Instance[],
  policy: ClusterPolicy,
): Resource {
  const dns = needsDns(instances);
  const cluster: Cluster = {
    name,
    connect_timeout: protoDuration(policy.connectTimeout),
    lb_policy: policy.lbPolicy,
    ...(dns
      ? {
          type: 'STRICT_DNS',
          dns_lookup_family: 'V4_PREFERRED',
          load_assignment: loadAssignment(name, instances),
        }
      : { type: 'EDS', eds_cluster_config: { eds_config: ADS } }),
    ...slowStart(policy),
    ...(policy.healthCheck !== undefined && {
      health_checks: [healthCheck(policy.healthCheck)],
      // Else an instance that is gone from the registry is served as long as its check passes.
      ignore_health_on_host_removal: true,
    }),
    ...(policy.outlierDetection !== undefined && {
      outlier_detection: outlierDetection(policy.outlierDetection),
    }),
    ...(policy.circuitBreakers !== undefined && {
      circuit_breakers: { thresholds: [thresholds(policy.circuitBreakers)] },
    }),
    ...(policy.tls !== undefined && { transport_socket: upstreamTls(policy.tls) }),
    ...(policy.http2 === true && http2()),
    ...(policy.loadMetrics !== undefined && { lrs_report_endpoint_metrics: [...policy.loadMetrics] }),
  };
  return makeResource(
    TYPE_URL.cluster,
    name,
    encode(CLUSTER, withEnvoyJson(CLUSTER, cluster, ...(policy.envoy ?? []))),
    dns ? [] : [name],
  );
}

function slowStart({ lbPolicy, slowStart: window }: ClusterPolicy): Cluster {
  if (window === undefined || window === 0) return {};
  const config = { slow_start_config: { slow_start_window: protoDuration(window) } };
  if (lbPolicy === 'ROUND_ROBIN') return { round_robin_lb_config: config };
  return lbPolicy === 'LEAST_REQUEST' ? { least_request_lb_config: config } : {};
}

function healthCheck({
  kind,
  interval,
  timeout,
  unhealthyThreshold,
  healthyThreshold,
}: HealthCheck): EnvoyHealthCheck {
  const common: EnvoyHealthCheck = {
    interval: protoDuration(interval),
    // Envoy's own is 60 s, which also delays the first check after the first request.
    no_traffic_interval: protoDuration(interval),
    timeout: protoDuration(timeout),
    unhealthy_threshold: { value: unhealthyThreshold },
    healthy_threshold: { value: healthyThreshold },
  };
  if (kind === 'tcp') return { ...common, tcp_health_check: {} };
  if (kind === 'grpc') return { ...common, grpc_health_check: {} };
  return {
    ...common,
    http_health_check: { path: kind.http, ...(kind.host !== undefined && { host: kind.host }) },
  };
}

function outlierDetection(policy: OutlierDetection): NonNullable<Cluster['outlier_detection']> {
  const { consecutive5xx, consecutiveGatewayFailure, interval, baseEjectionTime, maxEjectionPercent } =
    policy;
  return {
    interval: protoDuration(interval),
    base_ejection_time: protoDuration(baseEjectionTime),
    max_ejection_time: protoDuration(Math.max(baseEjectionTime, 300_000)),
    max_ejection_percent: { value: maxEjectionPercent },
    // Envoy's statistical rules are off unless asked for: what is said is what happens.
    enforcing_success_rate: { value: 0 },
    enforcing_failure_percentage: { value: 0 },
    consecutive_5xx: { value: consecutive5xx ?? 0 },
    enforcing_consecutive_5xx: { value: consecutive5xx === undefined ? 0 : 100 },
    ...(consecutiveGatewayFailure !== undefined && {
      consecutive_gateway_failure: { value: consecutiveGatewayFailure },
      enforcing_consecutive_gateway_failure: { value: 100 },
    }),
  };
}

function thresholds(limits: CircuitBreakers) {
  const entries = Object.entries(limits).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, { value }]));
}

function http2(): Pick<Cluster, 'typed_extension_protocol_options'> {
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    typed_extension_protocol_options: {
      [name]: pack(name, { explicit_http_config: { http2_protocol_options: {} } }),
    },
  };
}
