import type { HttpFilter } from '../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.js';
import { pack } from '../protobuf/messages.js';

/**
 * The HTTP filters of a listener in the order in which a request passes them. What a route configures for itself needs its
 * filter here; the router always is the last one.
 */
export function httpFilters(): HttpFilter[] {
  return [
    {
      name: 'envoy.filters.http.router',
      typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}),
    },
  ];
}
