import type { Cluster } from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { ConfigSource } from '../generated/types/envoy/config/core/v3/ConfigSource.js';
import { isAddress } from '../model/host.js';
import type { Instance } from '../model/instance.js';
import { encode } from '../protobuf/messages.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { protoDuration } from './durations.js';
import { loadAssignment } from './endpoints.js';

/** How a cluster treats its endpoints. */
export interface ClusterPolicy {
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly lbPolicy: NonNullable<Cluster['lb_policy']>;
}

/** Everything on the one stream that the proxy has already. */
export const ADS: ConfigSource = { ads: {}, resource_api_version: 'V3' };

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
  };
  return makeResource(
    TYPE_URL.cluster,
    name,
    encode('envoy.config.cluster.v3.Cluster', cluster),
    dns ? [] : [name],
  );
}
