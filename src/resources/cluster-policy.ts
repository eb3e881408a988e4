import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { EnvoyJson } from '../model/envoy-json.js';

/** An active health check. Times are milliseconds. */
export interface HealthCheck {
  readonly kind: { readonly http: string; readonly host?: string | undefined } | 'tcp' | 'grpc';
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** When an instance that fails is left out for a while. Times are milliseconds. */
export interface OutlierDetection {
  readonly consecutive5xx?: number | undefined;
  readonly consecutiveGatewayFailure?: number | undefined;
  readonly interval: number;
  readonly baseEjectionTime: number;
  readonly maxEjectionPercent: number;
}

export interface UpstreamTls {
  readonly sni?: string | undefined;
  readonly ca?: string | undefined;
  readonly san?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface CircuitBreakers {
  readonly max_connections?: number | undefined;
  readonly max_pending_requests?: number | undefined;
  readonly max_requests?: number | undefined;
  readonly max_retries?: number | undefined;
}

/** How a cluster treats its endpoints. Times are milliseconds. */
export interface ClusterPolicy {
  readonly connectTimeout: number;
  readonly lbPolicy: NonNullable<Cluster['lb_policy']>;
  readonly slowStart?: number | undefined;
  readonly healthCheck?: HealthCheck | undefined;
  readonly outlierDetection?: OutlierDetection | undefined;
  readonly circuitBreakers?: CircuitBreakers | undefined;
  readonly tls?: UpstreamTls | undefined;
  readonly http2?: boolean | undefined;
  /** What instances say of themselves (ORCA) that proxies are to report. */
  readonly loadMetrics?: readonly string[] | undefined;
  /** Put over the cluster as Envoy's own JSON, one after the other. */
  readonly envoy?: readonly EnvoyJson[] | undefined;
}
