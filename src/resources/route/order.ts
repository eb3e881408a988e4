import type { RouteRule } from '../../model/route.js';
import { closeness, covers } from '../domains.js';

/** The hosts of a rule; a rule without any is for all. */
export function hostsOf(rule: RouteRule): readonly string[] {
  return rule.hosts ?? ALL_HOSTS;
}

const ALL_HOSTS: readonly string[] = ['*'];

/**
 * The rules of each domain that any rule names, in no particular order: its own and those of every pattern that covers
 * it, since Envoy looks in the closest virtual host only.
 * @param domains others that there are
 */
export function rulesByDomain(
  rules: readonly RouteRule[],
  domains: readonly string[] = [],
): ReadonlyMap<string, readonly RouteRule[]> {
  const byHost = new Map<string, RouteRule[]>(domains.map((domain) => [domain, []]));
  for (const rule of rules) {
    for (const host of hostsOf(rule)) {
      const ofHost = byHost.get(host);
      if (ofHost === undefined) byHost.set(host, [rule]);
      else ofHost.push(rule);
    }
  }
  const patterns = [...byHost.keys()].filter((host) => host.includes('*'));
  return new Map(
    [...byHost.keys()].sort().map((domain) => {
      const covering = patterns.filter((pattern) => pattern !== domain && covers(pattern, domain));
      return [domain, [...new Set([domain, ...covering].flatMap((host) => byHost.get(host) ?? []))]];
    }),
  );
}

/**
 * The rules of a domain in the order in which Envoy is to try them, whatever the order they came in: priority, then
 * the closest host, then exact paths, the longest prefix, templates, regular expressions, then the one that asks for
 * more of the request.
 */
export function inOrder(domain: string, rules: readonly RouteRule[]): readonly RouteRule[] {
  const ranked = rules.map((rule) => ({ rule, host: hostRank(domain, rule), rank: rankOf(rule) }));
  ranked.sort(
    (a, b) =>
      compare([-(a.rule.priority ?? 0)], [-(b.rule.priority ?? 0)]) ||
      compare(a.host, b.host) ||
      compare(a.rank, b.rank) ||
      compareTexts(JSON.stringify(a.rule), JSON.stringify(b.rule)),
  );
  return ranked.map(({ rule }) => rule);
}

type Rank = readonly (number | string)[];

/** What of a rule's rank is the same in every domain. */
const RANKS = new WeakMap<RouteRule, Rank>();

function rankOf(rule: RouteRule): Rank {
  let rank = RANKS.get(rule);
  if (rank === undefined) {
    const {
      path,
      prefix,
      starts_with,
      template,
      regex,
      methods,
      headers = {},
      query = {},
      grpc,
    } = rule.match;
    const text = path ?? prefix ?? starts_with ?? template ?? regex ?? '';
    const kinds = [path, prefix ?? starts_with, template, regex];
    const kind = kinds.findIndex((kindOfPath) => kindOfPath !== undefined);
    const conditions =
      (methods === undefined ? 0 : 1) +
      (grpc === true ? 1 : 0) +
      Object.keys(headers).length +
      Object.keys(query).length;
    rank = [kind, -text.length, -(rule.path_priority ?? 0), -(rule.asks ?? conditions), text];
    RANKS.set(rule, rank);
  }
  return rank;
}

function hostRank(domain: string, rule: RouteRule): Rank {
  const ranks = hostsOf(rule)
    .filter((host) => covers(host, domain))
    .map(closeness);
  return ranks.length < 2 ? (ranks[0] ?? closeness('*')) : (ranks.sort(compare)[0] ?? closeness('*'));
}

function compare(a: Rank, b: Rank): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined || left === right) continue;
    return left < right ? -1 : 1;
  }
  return 0;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
