import type { Filter } from '../../generated/types/envoy/config/listener/v3/Filter.js';
import type { FilterChain } from '../../generated/types/envoy/config/listener/v3/FilterChain.js';
import type { Listener } from '../../generated/types/envoy/config/listener/v3/Listener.js';
import type { ListenerFilter } from '../../generated/types/envoy/config/listener/v3/ListenerFilter.js';
import { isHttp, type ListenerRule } from '../../model/listener.js';
import { encode, pack } from '../../protobuf/messages.js';
import { makeResource, type Resource } from '../../snapshot/resource.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import { withEnvoyJson } from '../envoy-json.js';
import { referencesOf } from '../references.js';
import type { RouteFilter } from '../route/filter-configs.js';
import { httpConnectionManager } from './http.js';
import { tcpProxy } from './tcp.js';
import { certificateGroups, downstreamTls } from './tls.js';

const LISTENER = 'envoy.config.listener.v3.Listener';

/**
 * The LDS resource of a listener.
 * @param routeFilters the HTTP filters that its routes configure
 */
export function listenerResource(
  listener: ListenerRule,
  routeFilters: ReadonlySet<RouteFilter> = new Set(),
): Resource {
  const { name, address, per_connection_buffer_limit_bytes } = listener;
  const filters = listenerFilters(listener);
  const message: Listener = {
    name,
    address: { socket_address: { address: address.host, port_value: address.port } },
    filter_chains: filterChains(listener, routeFilters),
    ...(filters.length > 0 && { listener_filters: filters }),
    ...(per_connection_buffer_limit_bytes !== undefined && {
      per_connection_buffer_limit_bytes: { value: per_connection_buffer_limit_bytes },
    }),
    ...(listener.stat_prefix !== undefined && { stat_prefix: listener.stat_prefix }),
  };
  const body = encode(LISTENER, withEnvoyJson(LISTENER, message, listener.envoy));
  return makeResource(TYPE_URL.listener, name, body, referencesOf(TYPE_URL.listener, body));
}

/** Passed-through names first, then a chain for each set of names with certificates of its own, then the rest. */
function filterChains(listener: ListenerRule, routeFilters: ReadonlySet<RouteFilter>): FilterChain[] {
  const { tls, tls_passthrough = [], service_name, weighted } = listener;
  const passed = tls_passthrough.map(
    ({ sni, ...target }): FilterChain => ({
      filter_chain_match: { server_names: [...sni] },
      filters: [tcpProxy(listener, target)],
    }),
  );
  if (!isHttp(listener) && service_name === undefined && weighted === undefined) return passed;
  const filter: Filter = isHttp(listener)
    ? httpConnectionManager(listener, routeFilters)
    : tcpProxy(listener, { service_name, weighted });
  if (tls === undefined) return [...passed, { filters: [filter] }];
  const ended = certificateGroups(listener).map(
    (group): FilterChain => ({
      ...(group.hosts.length > 0 && { filter_chain_match: { server_names: [...group.hosts] } }),
      filters: [filter],
      transport_socket: downstreamTls(listener, tls, group),
    }),
  );
  return [...passed, ...ended];
}

function listenerFilters({ proxy_protocol, tls, tls_passthrough = [] }: ListenerRule): ListenerFilter[] {
  // From the beginning: a filter that comes with the first document would drain the listener.
  const bySni =
    tls_passthrough.length > 0 ||
    tls?.documents === true ||
    tls?.certificates.some(({ hosts }) => hosts !== undefined);
  return [
    ...(proxy_protocol === true || proxy_protocol === 'optional'
      ? [
          {
            name: 'envoy.filters.listener.proxy_protocol',
            typed_config: pack('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', {
              ...(proxy_protocol === 'optional' && { allow_requests_without_proxy_protocol: true }),
            }),
          },
        ]
      : []),
    ...(bySni === true
      ? [
          {
            name: 'envoy.filters.listener.tls_inspector',
            typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
          },
        ]
      : []),
  ];
}
