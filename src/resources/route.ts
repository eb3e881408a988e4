import type { Route } from '../generated/types/envoy/config/route/v3/Route.js';
import type { VirtualHost } from '../generated/types/envoy/config/route/v3/VirtualHost.js';
import { encode } from '../protobuf/messages.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { closeness, covers } from './domains.js';

/** A route as an operator writes it. */
export interface RouteRule {
  readonly hosts?: readonly string[] | undefined;
  readonly match: { readonly prefix?: string | undefined; readonly path?: string | undefined };
  readonly service_name: string;
  readonly rewrite?: { readonly prefix: string } | undefined;
}

/** The RDS resource of a listener: virtual hosts by domain, in each the most specific route first. */
export function routeResource(name: string, rules: readonly RouteRule[]): Resource {
  const domains = [...new Set(rules.flatMap((rule) => hostsOf(rule)))].sort();
  const virtual_hosts = domains.map((domain): VirtualHost => {
    const here = rules.filter((rule) => hostsOf(rule).some((host) => covers(host, domain)));
    return { name: domain, domains: [domain], routes: sortedFor(domain, here).map(routeOf) };
  });
  const clusters = [...new Set(rules.map((rule) => rule.service_name))].sort();
  const body = encode('envoy.config.route.v3.RouteConfiguration', {
    name,
    virtual_hosts,
    // A client that names the port in its Host header means the same host.
    ignore_port_in_host_matching: true,
  });
  return makeResource(TYPE_URL.route, name, body, clusters);
}

function hostsOf(rule: RouteRule): readonly string[] {
  return rule.hosts ?? ['*'];
}

/** Exact paths first, then the longest prefix; a route for this very host before one for all hosts. */
function sortedFor(domain: string, rules: readonly RouteRule[]): readonly RouteRule[] {
  const ranked = rules.map((rule) => ({ rule, rank: rankOf(domain, rule) }));
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ rule }) => rule);
}

type Rank = readonly (number | string)[];

function rankOf(domain: string, rule: RouteRule): Rank {
  const [kind, length] = hostsOf(rule)
    .filter((host) => covers(host, domain))
    .map(closeness)
    .sort(compareRanks)[0] ?? [3, 0];
  const path = rule.match.path ?? rule.match.prefix ?? '';
  return [rule.match.path === undefined ? 1 : 0, -path.length, kind, length, path, rule.service_name];
}

function compareRanks(a: Rank, b: Rank): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined || left === right) continue;
    return left < right ? -1 : 1;
  }
  return 0;
}

function routeOf(rule: RouteRule): Route {
  const { path, prefix = '/' } = rule.match;
  const action = { cluster: rule.service_name };
  if (path !== undefined) {
    return {
      match: { path },
      route: { ...action, ...(rule.rewrite && { prefix_rewrite: rule.rewrite.prefix }) },
    };
  }
  // `/user` means the segment: /user and /user/1, not /users.
  const match = prefix.endsWith('/') ? { prefix } : { path_separated_prefix: prefix };
  return { match, route: { ...action, ...rewriteOf(prefix, rule.rewrite?.prefix) } };
}

/** What was matched is replaced so that the segments stay whole, however the two ends spell their slashes. */
function rewriteOf(
  prefix: string,
  rewrite: string | undefined,
): Pick<NonNullable<Route['route']>, 'prefix_rewrite' | 'regex_rewrite'> {
  if (rewrite === undefined) return {};
  if (prefix.endsWith('/')) return { prefix_rewrite: rewrite.endsWith('/') ? rewrite : `${rewrite}/` };
  if (!rewrite.endsWith('/')) return { prefix_rewrite: rewrite };
  const pattern = `^${prefix.replace(/[.+*?^${}()|[\]\\]/g, '\\$&')}/?`;
  return { regex_rewrite: { pattern: { regex: pattern }, substitution: rewrite.replaceAll('\\', '\\\\') } };
}
