import { type RouteRule, servicesOf } from '../../model/route.js';
import { encode } from '../../protobuf/messages.js';
import { lengthDelimited, text, varint } from '../../protobuf/wire.js';
import { makeResource, type Resource } from '../../snapshot/resource.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import { covers } from '../domains.js';
import { envoyRoute } from './action.js';
import { hostsOf, inOrder } from './order.js';

/** Each rule is encoded once; a route configuration is put together of what is encoded already. */
const ENCODED = new WeakMap<RouteRule, Uint8Array>();

/**
 * The RDS resource of a listener: virtual hosts by domain, in each the routes that may take a request of that domain.
 * The rules of all hosts stand in every virtual host, since Envoy looks in one only.
 */
export function routeConfiguration(name: string, rules: readonly RouteRule[]): Resource {
  const domains = [...new Set(rules.flatMap((rule) => hostsOf(rule)))].sort();
  const hosts = domains.map((domain) => {
    const here = rules.filter((rule) => hostsOf(rule).some((host) => covers(host, domain)));
    const routes = inOrder(domain, here).map((rule) => lengthDelimited(3, encodedRoute(rule)));
    return lengthDelimited(2, Buffer.concat([text(1, domain), text(2, domain), ...routes]));
  });
  // ignore_port_in_host_matching: a client that names the port in its Host header means the same host.
  const body = Buffer.concat([text(1, name), ...hosts, varint(14, 1)]);
  return makeResource(TYPE_URL.route, name, body, [...new Set(rules.flatMap(servicesOf))].sort());
}

function encodedRoute(rule: RouteRule): Uint8Array {
  let bytes = ENCODED.get(rule);
  if (bytes === undefined) {
    bytes = encode('envoy.config.route.v3.Route', envoyRoute(rule));
    ENCODED.set(rule, bytes);
  }
  return bytes;
}
