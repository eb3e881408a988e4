import type { FilterChain } from '../generated/types/envoy/config/listener/v3/FilterChain.js';
import type { RouteAction } from '../generated/types/envoy/config/route/v3/RouteAction.js';
import type { HttpConnectionManager } from '../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.js';
import type { Any } from '../generated/types/google/protobuf/Any.js';
import { decode } from '../protobuf/messages.js';
import { TYPE_URL } from '../snapshot/type-url.js';

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;

/**
 * The names that a resource makes a proxy ask for: a cluster's load assignment, a listener's route configurations, a
 * route configuration's clusters. Resources of other types refer to nothing that decides an order.
 * @throws SignalboxError `resource_invalid` for bytes that are no such message
 */
export function referencesOf(typeUrl: string, body: Uint8Array): readonly string[] {
  switch (typeUrl) {
    case TYPE_URL.cluster: {
      const { name = '', type, eds_cluster_config } = decode('envoy.config.cluster.v3.Cluster', body);
      return type === 'EDS' ? [eds_cluster_config?.service_name || name] : [];
    }
    case TYPE_URL.listener:
      return ofListener(body);
    case TYPE_URL.route: {
      const { virtual_hosts = [] } = decode('envoy.config.route.v3.RouteConfiguration', body);
      const actions = virtual_hosts.flatMap(({ routes = [] }) => routes.map(({ route }) => route ?? {}));
      return distinct(actions.flatMap(ofAction));
    }
    default:
      return [];
  }
}

function ofListener(body: Uint8Array): readonly string[] {
  const listener = decode('envoy.config.listener.v3.Listener', body);
  const { filter_chains = [], default_filter_chain, api_listener } = listener;
  const chains: FilterChain[] = [...filter_chains, default_filter_chain ?? {}];
  const configs = chains.flatMap(({ filters = [] }) => filters.map(({ typed_config }) => typed_config));
  return distinct([...configs, api_listener?.api_listener].flatMap(ofFilter));
}

function ofFilter(config: Any | null | undefined): readonly string[] {
  if (config === null || config === undefined || !('type_url' in config)) return [];
  const { type_url, value } = config;
  if (!String(type_url).endsWith(`/${MANAGER}`) || !(value instanceof Uint8Array)) return [];
  const { rds, scoped_routes }: HttpConnectionManager = decode(MANAGER, value);
  const scopes = scoped_routes?.scoped_route_configurations_list?.scoped_route_configurations ?? [];
  return [
    rds?.route_config_name,
    ...scopes.map(({ route_configuration_name }) => route_configuration_name),
  ].filter(isName);
}

function ofAction({
  cluster,
  weighted_clusters,
  request_mirror_policies = [],
}: RouteAction): readonly string[] {
  const parts = [...(weighted_clusters?.clusters ?? []).map(({ name }) => name)];
  return [cluster, ...parts, ...request_mirror_policies.map((policy) => policy.cluster)].filter(isName);
}

function isName(name: string | undefined): name is string {
  return name !== undefined && name !== '';
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
