import type { RouteRule } from '../../model/route.js';
import { closeness, covers } from '../domains.js';

/** The hosts of a rule; a rule without any is for all. */
export function hostsOf(rule: RouteRule): readonly string[] {
  return rule.hosts ?? ['*'];
}

/**
 * The rules of a domain in the order in which Envoy is to try them, whatever the order they came in: priority, then
 * the closest host, then exact paths, the longest prefix, templates, regular expressions, then the one that asks for
 * more of the request.
 */
export function inOrder(domain: string, rules: readonly RouteRule[]): readonly RouteRule[] {
  const ranked = rules.map((rule) => ({ rule, rank: rankOf(domain, rule) }));
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ rule }) => rule);
}

type Rank = readonly (number | string)[];

function rankOf(domain: string, rule: RouteRule): Rank {
  const hosts = hostsOf(rule).filter((host) => covers(host, domain));
  const [kind, length] = hosts.map(closeness).sort(compareRanks)[0] ?? closeness('*');
  const { path, prefix, template, regex, methods, headers = {}, query = {} } = rule.match;
  const text = path ?? prefix ?? template ?? regex ?? '';
  const pathKind = [path, prefix, template, regex].findIndex((kindOfPath) => kindOfPath !== undefined);
  const conditions =
    (methods === undefined ? 0 : 1) + Object.keys(headers).length + Object.keys(query).length;
  return [
    -(rule.priority ?? 0),
    kind,
    length,
    pathKind,
    -text.length,
    -conditions,
    text,
    JSON.stringify(rule),
  ];
}

function compareRanks(a: Rank, b: Rank): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined || left === right) continue;
    return left < right ? -1 : 1;
  }
  return 0;
}
