import type { Listener } from '../generated/types/envoy/config/listener/v3/Listener.js';
import { decode, packedBytes } from '../protobuf/messages.js';
import { messageName, TYPE_URL } from '../snapshot/type-url.js';

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/**
 * The resources that an encoded one makes a proxy ask for, as `Resource.references` has them; the wire does not tell
 * them by themselves.
 * @throws SignalboxError `resource_invalid`
 */
export function referencesOf(typeUrl: string, body: Uint8Array): readonly string[] {
  switch (typeUrl) {
    case TYPE_URL.cluster: {
      const { name = '', type, eds_cluster_config } = decode('envoy.config.cluster.v3.Cluster', body);
      return type === 'EDS' ? [eds_cluster_config?.service_name || name] : [];
    }
    case TYPE_URL.listener:
      return routeConfigurations(decode('envoy.config.listener.v3.Listener', body));
    case TYPE_URL.route:
      return clustersOf(body);
    default:
      return [];
  }
}

function routeConfigurations({ filter_chains = [], default_filter_chain }: Listener): readonly string[] {
  const chains = default_filter_chain == null ? filter_chains : [...filter_chains, default_filter_chain];
  const names = chains
    .flatMap(({ filters = [] }) => filters)
    .flatMap(({ typed_config: config }) => {
      if (config == null || !('type_url' in config) || messageName(String(config.type_url)) !== MANAGER)
        return [];
      const name = decode(MANAGER, packedBytes(config)).rds?.route_config_name;
      return name === undefined || name === '' ? [] : [name];
    });
  return [...new Set(names)];
}

function clustersOf(body: Uint8Array): readonly string[] {
  const { virtual_hosts = [] } = decode('envoy.config.route.v3.RouteConfiguration', body);
  const names = virtual_hosts
    .flatMap(({ routes = [] }) => routes)
    .flatMap(({ route }) => [
      route?.cluster,
      ...(route?.weighted_clusters?.clusters ?? []).map(({ name }) => name),
      ...(route?.request_mirror_policies ?? []).map(({ cluster }) => cluster),
    ])
    .filter((name): name is string => name !== undefined && name !== '');
  return [...new Set(names)].sort();
}
