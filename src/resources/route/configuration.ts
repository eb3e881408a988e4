import { type RouteRule, servicesOf } from '../../model/route.js';
import { encode } from '../../protobuf/messages.js';
import { lengthDelimited, text, varint } from '../../protobuf/wire.js';
import { makeResource, type Resource } from '../../snapshot/resource.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import { envoyRoute } from './action.js';
import { inOrder, rulesByDomain } from './order.js';

interface VirtualHost {
  readonly rules: readonly RouteRule[];
  /** The field of the route configuration, encoded. */
  readonly bytes: Uint8Array;
}

/**
 * Makes route configurations of rules. A rule is encoded once, and a virtual host is put together again only when
 * the rules in it have changed: one changed route among ten thousand costs its own virtual hosts.
 */
export class RouteConfigurations {
  #hosts: ReadonlyMap<string, VirtualHost> = new Map();

  /**
   * The RDS resources of the listeners, which all have the same rules. Virtual hosts are by domain; the rules of all
   * hosts stand in every one of them, since Envoy looks in one only.
   */
  build(listeners: readonly string[], rules: readonly RouteRule[]): readonly Resource[] {
    const hosts = [...rulesByDomain(rules)].map(([domain, here]): [string, VirtualHost] => [
      domain,
      this.#virtualHost(domain, here),
    ]);
    this.#hosts = new Map(hosts);
    const bytes = hosts.map(([, host]) => host.bytes);
    const clusters = [...new Set(rules.flatMap(servicesOf))].sort();
    // ignore_port_in_host_matching: a client that names the port in its Host header means the same host.
    return listeners.map((name) =>
      makeResource(TYPE_URL.route, name, Buffer.concat([text(1, name), ...bytes, varint(14, 1)]), clusters),
    );
  }

  #virtualHost(domain: string, rules: readonly RouteRule[]): VirtualHost {
    const before = this.#hosts.get(domain);
    if (before !== undefined && sameMembers(before.rules, rules)) return before;
    const routes = inOrder(domain, rules).map((rule) => lengthDelimited(3, encodedRoute(rule)));
    return { rules, bytes: lengthDelimited(2, Buffer.concat([text(1, domain), text(2, domain), ...routes])) };
  }
}

/** Whether two lists hold the same objects in the same order; another order only costs a rebuild. */
function sameMembers(a: readonly RouteRule[], b: readonly RouteRule[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index]);
}

const ENCODED = new WeakMap<RouteRule, Uint8Array>();

function encodedRoute(rule: RouteRule): Uint8Array {
  let bytes = ENCODED.get(rule);
  if (bytes === undefined) {
    bytes = encode('envoy.config.route.v3.Route', envoyRoute(rule));
    ENCODED.set(rule, bytes);
  }
  return bytes;
}
