import { isDeepStrictEqual } from 'node:util';
import type { RouteMatch, RouteRule, TextMatch } from '../model/route.js';
import { inOrder, rulesByDomain } from '../resources/route/order.js';

/** A route that no request can reach. */
export interface ShadowedRoute {
  readonly rule: RouteRule;
  /** The routes that take its requests. */
  readonly by: readonly RouteRule[];
}

/**
 * The routes that get no request, since in every virtual host that they stand in a route before them matches all that
 * they match. Only what is certain: a regular expression or a template is compared as a text, not by what it matches.
 * @param listeners those that there are; a route may be for some of them
 */
export function shadowedRoutes(
  rules: readonly RouteRule[],
  listeners: readonly string[] = [],
): readonly ShadowedRoute[] {
  const reached = new Set<RouteRule>();
  const takers = new Map<RouteRule, Set<RouteRule>>();
  for (const here of rulesOfListeners(rules, listeners)) {
    for (const [domain, ofDomain] of rulesByDomain(here)) {
      for (const [rule, taker] of takersOf(inOrder(domain, ofDomain))) {
        if (taker === undefined) reached.add(rule);
        else takers.set(rule, (takers.get(rule) ?? new Set()).add(taker));
      }
    }
  }
  return [...takers].flatMap(([rule, by]) => (reached.has(rule) ? [] : [{ rule, by: [...by] }]));
}

/** The rules of each listener; those of all, where they are the same or where there is no listener yet. */
function rulesOfListeners(
  rules: readonly RouteRule[],
  listeners: readonly string[],
): readonly (readonly RouteRule[])[] {
  if (listeners.length === 0 || rules.every((rule) => rule.listeners === undefined)) return [rules];
  return listeners.map((name) => rules.filter((rule) => rule.listeners?.includes(name) ?? true));
}

/**
 * Each rule of a virtual host with the one before it that takes all of its requests.
 * @param rules in the order in which Envoy tries them
 */
function takersOf(rules: readonly RouteRule[]): readonly (readonly [RouteRule, RouteRule | undefined])[] {
  const before = new Map<string, RouteRule[]>();
  return rules.map((rule) => {
    const taker = wider(rule.match)
      .flatMap((key) => before.get(key) ?? [])
      .find((other) => asksForNoMore(other.match, rule.match));
    const key = keyOf(rule.match);
    const equal = before.get(key);
    if (equal === undefined) before.set(key, [rule]);
    else equal.push(rule);
    return [rule, taker];
  });
}

function keyOf({ path, prefix, starts_with, template, regex }: RouteMatch): string {
  if (path !== undefined) return `path ${path}`;
  if (template !== undefined) return `template ${template}`;
  if (regex !== undefined) return `regex ${regex}`;
  return starts_with !== undefined ? `starts_with ${starts_with}` : `prefix ${prefix ?? '/'}`;
}

/** The keys of what certainly matches every path that a match does: its own, and the prefixes of what it begins with. */
function wider(match: RouteMatch): readonly string[] {
  const { path, prefix, template, starts_with } = match;
  const begin = path ?? prefix ?? starts_with ?? literalBegin(template);
  const ends = [...begin.matchAll(/\//g)].map(({ index }) => index);
  const prefixes = ends.flatMap((end) => [
    begin.slice(0, end + 1),
    ...(end > 0 ? [begin.slice(0, end)] : []),
  ]);
  // `/a` as whole segments takes the path /a; what begins with the text /a may be /ab.
  const whole = path !== undefined ? [path] : [];
  return [keyOf(match), ...[...prefixes, ...whole].map((text) => `prefix ${text}`)];
}

/** What every path begins with that a template matches; of a regular expression only the slash is certain. */
function literalBegin(template = '/'): string {
  const literal = template.replace(/[{*].*$/s, '');
  return literal.slice(0, literal.lastIndexOf('/') + 1);
}

/** Whether every request that has what `narrow` asks for beside the path has what `wide` asks for. */
function asksForNoMore(wide: RouteMatch, narrow: RouteMatch): boolean {
  return (
    (wide.methods === undefined || includesAll(wide.methods, narrow.methods)) &&
    (wide.grpc !== true || narrow.grpc === true) &&
    sameConditions(wide.headers, narrow.headers) &&
    sameConditions(wide.query, narrow.query)
  );
}

function includesAll(methods: readonly string[], narrow: readonly string[] | undefined): boolean {
  return narrow?.every((method) => methods.includes(method)) ?? false;
}

type Conditions = Readonly<Record<string, TextMatch>>;

function sameConditions(wide: Conditions = {}, narrow: Conditions = {}): boolean {
  return Object.entries(wide).every(
    ([name, match]) => Object.hasOwn(narrow, name) && isDeepStrictEqual(match, narrow[name]),
  );
}
