import { encode, pack } from '../protobuf/messages.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { ADS } from './cluster.js';
import { httpFilters } from './http-filters.js';
import type { RouteFilter } from './route/filter-configs.js';

export interface HttpListener {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
}

/**
 * The LDS resource of an HTTP listener, whose routes come by RDS under the listener's name.
 * @param filters the HTTP filters that its routes configure
 */
export function listenerResource(
  listener: HttpListener,
  filters: ReadonlySet<RouteFilter> = new Set(),
): Resource {
  const { name, address } = listener;
  const manager = pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: name,
    rds: { config_source: ADS, route_config_name: name },
    http_filters: httpFilters(filters),
  });
  const body = encode('envoy.config.listener.v3.Listener', {
    name,
    address: { socket_address: { address: address.host, port_value: address.port } },
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
    ],
  });
  return makeResource(TYPE_URL.listener, name, body, [name]);
}
