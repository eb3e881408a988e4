import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { LbEndpoint } from '../generated/types/envoy/config/endpoint/v3/LbEndpoint.js';
import type { DnsCluster } from '../generated/types/envoy/extensions/clusters/dns/v3/DnsCluster.js';
import { pack } from '../protobuf/messages.js';
import { textStruct } from '../protobuf/struct.js';

/** `Cluster.DnsLookupFamily` by number, which is how Envoy's own JSON has it here. */
const FAMILIES = ['AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL'] as const;

/**
 * A cluster without the fields for DNS that Envoy has deprecated: one that has any becomes a cluster of the extension
 * `envoy.cluster.dns`, which takes them. Others stay STRICT_DNS, which every Envoy knows.
 */
export function withoutDeprecatedDns(cluster: Cluster): Cluster {
  const { type, dns_lookup_family, dns_refresh_rate, dns_failure_refresh_rate, respect_dns_ttl, ...rest } =
    cluster;
  const moved: DnsCluster = {
    ...(dns_refresh_rate && { dns_refresh_rate }),
    ...(dns_failure_refresh_rate && { dns_failure_refresh_rate }),
    ...(respect_dns_ttl === true && { respect_dns_ttl }),
  };
  if (type !== 'STRICT_DNS' || Object.keys(moved).length === 0) return cluster;
  const family = typeof dns_lookup_family === 'number' ? FAMILIES[dns_lookup_family] : dns_lookup_family;
  return {
    ...hashingByHostName(rest),
    cluster_type: {
      name: 'envoy.cluster.dns',
      typed_config: pack('envoy.extensions.clusters.dns.v3.DnsCluster', {
        ...moved,
        dns_lookup_family: family ?? 'AUTO',
      }),
    },
  };
}

/**
 * Envoy takes `use_hostname_for_hashing` of STRICT_DNS alone. In its place each endpoint carries its host name as the
 * key that load balancers hash.
 */
function hashingByHostName(cluster: Cluster): Cluster {
  const { common_lb_config: common, load_assignment: assignment } = cluster;
  const { use_hostname_for_hashing: byName, ...hashing } = common?.consistent_hashing_lb_config ?? {};
  if (byName !== true) return cluster;
  const endpoints = assignment?.endpoints?.map(({ lb_endpoints = [], ...locality }) => ({
    ...locality,
    lb_endpoints: lb_endpoints.map(withHashKey),
  }));
  return {
    ...cluster,
    common_lb_config: { ...common, consistent_hashing_lb_config: hashing },
    load_assignment: { ...assignment, ...(endpoints && { endpoints }) },
  };
}

function withHashKey(endpoint: LbEndpoint): LbEndpoint {
  const data = endpoint.metadata?.filter_metadata ?? {};
  const key = textStruct({ hash_key: endpoint.endpoint?.address?.socket_address?.address ?? '' });
  const fields = { ...key.fields, ...data['envoy.lb']?.fields };
  return {
    ...endpoint,
    metadata: { ...endpoint.metadata, filter_metadata: { ...data, 'envoy.lb': { fields } } },
  };
}
