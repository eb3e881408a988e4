import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { EnvoyJson } from '../model/envoy-json.js';
import type { EndpointRules } from './endpoints.js';

/** An active health check. Times are milliseconds. */
export interface HealthCheck {
  readonly kind:
    | {
        readonly http: string;
        readonly host?: string | undefined;
        /** Half-open ranges; 200 where there is none. */
        readonly expectedStatuses?: readonly { readonly start: number; readonly end: number }[] | undefined;
      }
    | { readonly grpc: { readonly service_name?: string | undefined } }
    | 'tcp';
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** When an instance that fails is left out for a while. Times are milliseconds. */
export interface OutlierDetection {
  readonly consecutive5xx?: number | undefined;
  readonly consecutiveGatewayFailure?: number | undefined;
  /** Tells failures to connect apart from what the instance answers. */
  readonly consecutiveLocalOriginFailure?: number | undefined;
  readonly successRate?: Readonly<Partial<Record<SuccessRateKey, number | undefined>>> | undefined;
  readonly failurePercentage?:
    | Readonly<Partial<Record<FailurePercentageKey, number | undefined>>>
    | undefined;
  readonly interval: number;
  readonly baseEjectionTime: number;
  /** Without it Envoy's 5 min, or the base where that is longer. */
  readonly maxEjectionTime?: number | undefined;
  readonly maxEjectionPercent: number;
}

/** Fields of Envoy's `OutlierDetection`, by their own names. */
export type SuccessRateKey =
  | 'success_rate_minimum_hosts'
  | 'success_rate_request_volume'
  | 'success_rate_stdev_factor';
/** Fields of Envoy's `OutlierDetection`, by their own names. */
export type FailurePercentageKey =
  | 'failure_percentage_threshold'
  | 'failure_percentage_minimum_hosts'
  | 'failure_percentage_request_volume';

/** TLS towards the instances of a cluster; paths are those of the proxy. */
export interface UpstreamTls {
  readonly sni?: string | undefined;
  readonly ca?: string | undefined;
  readonly san?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** How much may be under way to a cluster at a time; fields of Envoy's `Thresholds`. */
export interface CircuitBreakers {
  readonly max_connections?: number | undefined;
  readonly max_pending_requests?: number | undefined;
  readonly max_requests?: number | undefined;
  readonly max_retries?: number | undefined;
  readonly max_connection_pools?: number | undefined;
  readonly retry_budget?:
    | { readonly percent?: number | undefined; readonly min_concurrency?: number | undefined }
    | undefined;
  readonly per_host?: { readonly max_connections?: number | undefined } | undefined;
  readonly track_remaining?: boolean | undefined;
}

/** How a new instance comes to its full share. */
export interface SlowStart {
  /** Milliseconds; 0 is none. */
  readonly window: number;
  readonly aggression?: number | undefined;
  readonly min_weight_percent?: number | undefined;
}

/** What the load balancer is told beside its name. Times are milliseconds. */
export interface LoadBalancing {
  readonly leastRequest?:
    | { readonly choice_count?: number | undefined; readonly active_request_bias?: number | undefined }
    | undefined;
  readonly ringHash?:
    | {
        readonly minimum_ring_size?: number | undefined;
        readonly maximum_ring_size?: number | undefined;
        readonly hash_function?: 'XX_HASH' | 'MURMUR_HASH_2' | undefined;
      }
    | undefined;
  readonly maglev?: { readonly table_size?: number | undefined } | undefined;
  readonly common?: CommonLb | undefined;
  /** The sets of metadata keys by which routes name subsets. */
  readonly subsets?: readonly (readonly string[])[] | undefined;
  readonly subsetFallback?: 'NO_FALLBACK' | 'ANY_ENDPOINT' | undefined;
}

/** Envoy's `common_lb_config`. Times are milliseconds, thresholds percents. */
export interface CommonLb {
  readonly healthy_panic_threshold?: number | undefined;
  readonly zone_aware_lb_config?:
    | {
        readonly routing_enabled?: number | undefined;
        readonly min_cluster_size?: number | undefined;
        readonly fail_traffic_on_panic?: boolean | undefined;
      }
    | undefined;
  readonly locality_weighted_lb_config?: object | undefined;
  readonly update_merge_window?: number | undefined;
  readonly ignore_new_hosts_until_first_hc?: boolean | undefined;
  readonly close_connections_on_host_set_change?: boolean | undefined;
  readonly consistent_hashing_lb_config?:
    | {
        readonly use_hostname_for_hashing?: boolean | undefined;
        readonly hash_balance_factor?: number | undefined;
      }
    | undefined;
}

/** How a cluster of host names resolves them. Times are milliseconds. */
export interface Dns {
  readonly refreshRate?: number | undefined;
  readonly respectTtl?: boolean | undefined;
  readonly lookupFamily?: NonNullable<Cluster['dns_lookup_family']> | undefined;
}

/** Envoy's `TcpKeepalive`; times are seconds. */
export interface TcpKeepalive {
  readonly keepalive_probes?: number | undefined;
  readonly keepalive_time?: number | undefined;
  readonly keepalive_interval?: number | undefined;
}

/** How a cluster treats its endpoints. Times are milliseconds. */
export interface ClusterPolicy extends LoadBalancing {
  readonly connectTimeout: number;
  readonly lbPolicy: NonNullable<Cluster['lb_policy']>;
  readonly slowStart?: SlowStart | undefined;
  readonly healthCheck?: HealthCheck | undefined;
  readonly outlierDetection?: OutlierDetection | undefined;
  readonly circuitBreakers?: CircuitBreakers | undefined;
  readonly tls?: UpstreamTls | undefined;
  /** TLS is spoken only to the instances that are `secure`; `endpoints.markSecure` marks them. */
  readonly tlsToSome?: boolean | undefined;
  readonly tcpKeepalive?: TcpKeepalive | undefined;
  readonly dns?: Dns | undefined;
  readonly http2?: boolean | undefined;
  /** What instances say of themselves (ORCA) that proxies are to report. */
  readonly loadMetrics?: readonly string[] | undefined;
  /** What its load assignment holds beside addresses. */
  readonly endpoints?: EndpointRules | undefined;
  /** Put over the cluster as Envoy's own JSON, one after the other. */
  readonly envoy?: readonly EnvoyJson[] | undefined;
}
