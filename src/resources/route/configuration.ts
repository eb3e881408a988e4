import { type RouteRule, servicesOf, type VirtualHostRule } from '../../model/route.js';
import { encode } from '../../protobuf/messages.js';
import { lengthDelimited, text, varint } from '../../protobuf/wire.js';
import { makeResource, type Resource } from '../../snapshot/resource.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import { closeness, covers } from '../domains.js';
import { withEnvoyJson } from '../envoy-json.js';
import { envoyRoute } from './action.js';
import { inOrder, rulesByDomain } from './order.js';

interface VirtualHost {
  readonly rules: readonly RouteRule[];
  readonly settings: readonly VirtualHostRule[];
  /** The field of the route configuration, encoded. */
  readonly bytes: Uint8Array;
}

type VirtualHosts = ReadonlyMap<string, VirtualHost>;

/**
 * Makes route configurations of rules. A rule is encoded once, and a virtual host is put together again only when
 * the rules in it have changed: one changed route among ten thousand costs its own virtual hosts.
 */
export class RouteConfigurations {
  /** By the name of the first listener of those that have the same rules. */
  #hosts: ReadonlyMap<string, VirtualHosts> = new Map();

  /**
   * The RDS resources of the listeners. Virtual hosts are by domain; the rules and the settings of all hosts stand in
   * every one of them, since Envoy looks in one only.
   */
  build(
    listeners: readonly string[],
    rules: readonly RouteRule[],
    settings: readonly VirtualHostRule[] = [],
  ): readonly Resource[] {
    const groups = sameRules(listeners, rules);
    const hosts = new Map<string, VirtualHosts>();
    const built = groups.flatMap(({ names, rules: own }) => {
      const key = names[0] ?? '';
      const ofGroup = this.#virtualHosts(this.#hosts.get(key) ?? new Map(), own, settings);
      hosts.set(key, ofGroup);
      const bytes = [...ofGroup.values()].map((host) => host.bytes);
      const clusters = [...new Set(own.flatMap(servicesOf))].sort();
      // ignore_port_in_host_matching: a client that names the port in its Host header means the same host.
      return names.map((name) =>
        makeResource(TYPE_URL.route, name, Buffer.concat([text(1, name), ...bytes, varint(14, 1)]), clusters),
      );
    });
    this.#hosts = hosts;
    return built;
  }

  #virtualHosts(
    known: VirtualHosts,
    rules: readonly RouteRule[],
    settings: readonly VirtualHostRule[],
  ): VirtualHosts {
    const domains = settings.flatMap(({ hosts }) => hosts);
    const hosts = [...rulesByDomain(rules, domains)].map(([domain, here]): [string, VirtualHost] => [
      domain,
      virtualHost(known.get(domain), domain, here, settingsOf(domain, settings)),
    ]);
    return new Map(hosts);
  }
}

/** Listeners by the rules that they have: most have all of them. */
function sameRules(
  listeners: readonly string[],
  rules: readonly RouteRule[],
): readonly { readonly names: readonly string[]; readonly rules: readonly RouteRule[] }[] {
  const particular = rules.filter((rule) => rule.listeners !== undefined);
  const groups = new Map<string, string[]>();
  for (const name of listeners) {
    const key = particular.map((rule) => (rule.listeners?.includes(name) ? 1 : 0)).join('');
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()].map((names) => ({
    names,
    rules:
      particular.length === 0
        ? rules
        : rules.filter((rule) => rule.listeners === undefined || rule.listeners.includes(names[0] ?? '')),
  }));
}

/** The settings that a domain gets, the closest last. */
function settingsOf(domain: string, settings: readonly VirtualHostRule[]): readonly VirtualHostRule[] {
  if (settings.length === 0) return settings;
  const ranked = settings.flatMap((rule) => {
    const [closest] = rule.hosts
      .filter((host) => covers(host, domain))
      .map(closeness)
      .sort(([a, x], [b, y]) => a - b || x - y);
    return closest === undefined ? [] : [{ rule, closest }];
  });
  ranked.sort(({ closest: [a, x] }, { closest: [b, y] }) => b - a || y - x);
  return ranked.map(({ rule }) => rule);
}

function virtualHost(
  before: VirtualHost | undefined,
  domain: string,
  rules: readonly RouteRule[],
  settings: readonly VirtualHostRule[],
): VirtualHost {
  if (before !== undefined && sameMembers(before.rules, rules) && sameMembers(before.settings, settings))
    return before;
  const routes = inOrder(domain, rules).map((rule) => lengthDelimited(3, encodedRoute(rule)));
  const more =
    settings.length === 0
      ? new Uint8Array()
      : encode(VIRTUAL_HOST, withEnvoyJson(VIRTUAL_HOST, {}, ...settings.map(({ envoy }) => envoy)));
  const bytes = lengthDelimited(2, Buffer.concat([text(1, domain), text(2, domain), ...routes, more]));
  return { rules, settings, bytes };
}

const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';

/** Whether two lists hold the same objects in the same order; another order only costs a rebuild. */
function sameMembers(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
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
