import type { HttpFilter } from '../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.js';
import { pack } from '../protobuf/messages.js';

import { CORS, RATE_LIMIT, type RouteFilter } from './route/filter-configs.js';

/**
 * The HTTP filters of a listener in the order in which a request passes them. What a route configures for itself needs its
 * filter here; the router always is the last one.
 * @param wanted the filters that routes configure; the others are left out
 */
export function httpFilters(wanted: ReadonlySet<RouteFilter> = new Set()): HttpFilter[] {
  return [
    // First, so that a page may read an answer of the rate limit too.
    ...(wanted.has(CORS)
      ? [{ name: CORS, typed_config: pack('envoy.extensions.filters.http.cors.v3.Cors', {}) }]
      : []),
    // Without a bucket of its own: it limits the routes that bring one.
    ...(wanted.has(RATE_LIMIT)
      ? [
          {
            name: RATE_LIMIT,
            typed_config: pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
              stat_prefix: 'local_rate_limit',
            }),
          },
        ]
      : []),
    {
      name: 'envoy.filters.http.router',
      typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}),
    },
  ];
}
