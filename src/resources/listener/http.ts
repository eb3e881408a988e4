import type { Filter } from '../../generated/types/envoy/config/listener/v3/Filter.js';
import type { HttpConnectionManager } from '../../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.js';
import type { HttpFilter } from '../../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.js';
import type { ListenerRule } from '../../model/listener.js';
import { pack } from '../../protobuf/messages.js';
import { ADS } from '../cluster.js';
import { protoDuration } from '../durations.js';
import { withEnvoyJson } from '../envoy-json.js';
import { httpFilters } from '../http-filters.js';
import type { RouteFilter } from '../route/filter-configs.js';
import { accessLogs } from './access-log.js';

export const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const HTTP_FILTER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter';

/**
 * The filter that speaks HTTP; its routes come by RDS under the listener's name.
 * @param routeFilters the HTTP filters that its routes configure
 */
export function httpConnectionManager(
  listener: ListenerRule,
  routeFilters: ReadonlySet<RouteFilter>,
): Filter {
  const { name, server_name, use_remote_address, xff_num_trusted_hops, http2 } = listener;
  const manager: HttpConnectionManager = {
    stat_prefix: listener.stat_prefix ?? name,
    rds: { config_source: ADS, route_config_name: name },
    http_filters: filtersOf(listener, routeFilters),
    ...(listener.http_protocol !== undefined && { codec_type: CODEC_TYPES[listener.http_protocol] }),
    // What routes match is what services see: https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge
    normalize_path: { value: listener.normalize_path ?? true },
    merge_slashes: listener.merge_slashes ?? true,
    ...(listener.escaped_slashes !== undefined && {
      path_with_escaped_slashes_action: ESCAPED_SLASHES[listener.escaped_slashes],
    }),
    ...(use_remote_address !== undefined && { use_remote_address: { value: use_remote_address } }),
    ...(xff_num_trusted_hops !== undefined && { xff_num_trusted_hops }),
    ...(server_name !== undefined && { server_name }),
    ...(listener.server_header_transformation !== undefined && {
      server_header_transformation: listener.server_header_transformation,
    }),
    ...(listener.idle_timeout !== undefined && {
      common_http_protocol_options: { idle_timeout: protoDuration(listener.idle_timeout) },
    }),
    ...timesOf(listener),
    ...(listener.max_request_headers_kb !== undefined && {
      max_request_headers_kb: { value: listener.max_request_headers_kb },
    }),
    ...(http2 !== undefined && { http2_protocol_options: wrapped(http2) }),
    ...(listener.access_log !== undefined && { access_log: accessLogs(listener.access_log) }),
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: pack(MANAGER, withEnvoyJson(MANAGER, manager, listener.http_connection_manager)),
  };
}

/** The router is the last one: it answers, so that none after it would see the request. */
function filtersOf(
  { http_filters = [] }: ListenerRule,
  routeFilters: ReadonlySet<RouteFilter>,
): HttpFilter[] {
  const filters = httpFilters(routeFilters);
  const own = http_filters.map((json) => withEnvoyJson(HTTP_FILTER, {}, json));
  return [...filters.slice(0, -1), ...own, ...filters.slice(-1)];
}

function timesOf(listener: ListenerRule): Partial<HttpConnectionManager> {
  const { stream_idle_timeout, request_timeout, request_headers_timeout } = listener;
  const times = Object.entries({ stream_idle_timeout, request_timeout, request_headers_timeout });
  return Object.fromEntries(
    times.flatMap(([key, time]) => (time === undefined ? [] : [[key, protoDuration(time)]])),
  );
}

function wrapped(numbers: NonNullable<ListenerRule['http2']>) {
  const entries = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, { value }]));
}

const CODEC_TYPES = { auto: 'AUTO', http1: 'HTTP1', http2: 'HTTP2' } as const;
const ESCAPED_SLASHES = {
  keep: 'KEEP_UNCHANGED',
  reject: 'REJECT_REQUEST',
  redirect: 'UNESCAPE_AND_REDIRECT',
  forward: 'UNESCAPE_AND_FORWARD',
} as const;
