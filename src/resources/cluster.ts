import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { ConfigSource } from '../generated/types/envoy/config/core/v3/ConfigSource.js';
import { isAddress } from '../model/host.js';
import type { Instance } from '../model/instance.js';
import { encode, pack } from '../protobuf/messages.js';
import { textStruct } from '../protobuf/struct.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { CircuitBreakers, ClusterPolicy, Dns, UpstreamTls } from './cluster-policy.js';
import { withoutDeprecatedDns } from './dns-cluster.js';
import { protoDuration } from './durations.js';
import { loadAssignment, SECURE_MARK } from './endpoints.js';
import { withEnvoyJson } from './envoy-json.js';
import { healthOf } from './health.js';
import { loadBalancing } from './load-balancing.js';
import { referencesOf } from './references.js';
import { upstreamTls } from './upstream-tls.js';
import { wrapped } from './wrapped.js';

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
    ...(dns
      ? { ...resolution(policy.dns), load_assignment: loadAssignment(name, instances, policy.endpoints) }
      : { type: 'EDS', eds_cluster_config: { eds_config: ADS } }),
    ...loadBalancing(policy, dns),
    ...healthOf(policy),
    ...(policy.circuitBreakers !== undefined && { circuit_breakers: breakers(policy.circuitBreakers) }),
    ...(policy.tcpKeepalive !== undefined && {
      upstream_connection_options: { tcp_keepalive: wrapped(policy.tcpKeepalive) },
    }),
    ...(policy.tls !== undefined && transport(policy.tls, policy.tlsToSome)),
    ...(policy.http2 === true && http2()),
    ...(policy.loadMetrics !== undefined && { lrs_report_endpoint_metrics: [...policy.loadMetrics] }),
  };
  const merged = withEnvoyJson(CLUSTER, cluster, ...(policy.envoy ?? []));
  const body = encode(CLUSTER, withoutDeprecatedDns(merged));
  // Envoy's own JSON may name secrets; most clusters have none, and are many.
  const references = policy.envoy === undefined ? (dns ? [] : [name]) : referencesOf(TYPE_URL.cluster, body);
  return makeResource(TYPE_URL.cluster, name, body, references);
}

function resolution({ refreshRate, respectTtl, lookupFamily }: Dns = {}): Cluster {
  return {
    type: 'STRICT_DNS',
    dns_lookup_family: lookupFamily ?? 'V4_PREFERRED',
    ...(refreshRate !== undefined && { dns_refresh_rate: protoDuration(refreshRate) }),
    ...(respectTtl === true && { respect_dns_ttl: true }),
  };
}

/** Envoy speaks plain TCP to the endpoints that no match takes. */
function transport(
  tls: UpstreamTls,
  toSome = false,
): Pick<Cluster, 'transport_socket' | 'transport_socket_matches'> {
  const socket = upstreamTls(tls);
  if (!toSome) return { transport_socket: socket };
  return {
    transport_socket_matches: [{ name: 'tls', match: textStruct(SECURE_MARK), transport_socket: socket }],
  };
}

function breakers({
  retry_budget: budget,
  per_host,
  track_remaining,
  ...limits
}: CircuitBreakers): NonNullable<Cluster['circuit_breakers']> {
  return {
    thresholds: [
      {
        ...wrapped(limits),
        ...(budget !== undefined && {
          retry_budget: {
            ...(budget.percent !== undefined && { budget_percent: { value: budget.percent } }),
            ...(budget.min_concurrency !== undefined && {
              min_retry_concurrency: { value: budget.min_concurrency },
            }),
          },
        }),
        ...(track_remaining === true && { track_remaining: true }),
      },
    ],
    ...(per_host !== undefined && { per_host_thresholds: [wrapped(per_host)] }),
  };
}

function http2(): Pick<Cluster, 'typed_extension_protocol_options'> {
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    typed_extension_protocol_options: {
      [name]: pack(name, { explicit_http_config: { http2_protocol_options: {} } }),
    },
  };
}
