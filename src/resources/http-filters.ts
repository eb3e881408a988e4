import type { HttpFilter } from '../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.js';
import { pack } from '../protobuf/messages.js';
import { discoveredFilter } from './consumers/filters.js';
import {
  CONSUMERS,
  CORS,
  FAULT,
  GRPC_WEB,
  LUA,
  RATE_LIMIT,
  RBAC,
  type RouteFilter,
} from './route/filter-configs.js';

const HTTP = 'envoy.extensions.filters.http';

/** In the order in which requests pass them; each does nothing by itself but for routes that bring a configuration. */
const FILTERS: readonly (readonly [RouteFilter, () => Omit<HttpFilter, 'name'>])[] = [
  // First, so that a page may read an answer of the others too.
  [CORS, () => ({ typed_config: pack(`${HTTP}.cors.v3.Cors`, {}) })],
  [FAULT, () => ({ typed_config: pack(`${HTTP}.fault.v3.HTTPFault`, {}) })],
  [RBAC, () => ({ typed_config: pack(`${HTTP}.rbac.v3.RBAC`, {}) })],
  ...CONSUMERS.map((name) => [name, () => discoveredFilter(name)] as const),
  // Without a bucket of its own: it limits the routes that bring one.
  [
    RATE_LIMIT,
    () => ({
      typed_config: pack(`${HTTP}.local_ratelimit.v3.LocalRateLimit`, { stat_prefix: 'local_rate_limit' }),
    }),
  ],
  // By itself it would take calls of gRPC-Web on every route.
  [GRPC_WEB, () => ({ typed_config: pack(`${HTTP}.grpc_web.v3.GrpcWeb`, {}), disabled: true })],
  [LUA, () => ({ typed_config: pack(`${HTTP}.lua.v3.Lua`, {}) })],
];

/**
 * The HTTP filters of a listener in the order in which a request passes them. What a route configures for itself needs its
 * filter here; the router always is the last one.
 * @param wanted the filters that routes configure; the others are left out
 */
export function httpFilters(wanted: ReadonlySet<RouteFilter> = new Set()): HttpFilter[] {
  return [
    ...FILTERS.filter(([name]) => wanted.has(name)).map(([name, rest]) => ({ name, ...rest() })),
    { name: 'envoy.filters.http.router', typed_config: pack(`${HTTP}.router.v3.Router`, {}) },
  ];
}
