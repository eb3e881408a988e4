import { nameProblem } from '../discovery/service-name.js';
import { type RouteRule, servicesOf } from '../model/route.js';

/** Paths and hosts of one document: every one of them becomes a route, or a virtual host that holds all routes of all hosts. */
export const MOST_OF_DOCUMENT = 1_000;

/** Why a rule must not name the services that it does: each of them becomes a cluster that proxies ask for. */
export function namesProblem(rule: RouteRule): string | undefined {
  return servicesOf(rule)
    .map(serviceProblem)
    .find((problem) => problem !== undefined);
}

/** Why no service can have this name. */
export function serviceProblem(name: string): string | undefined {
  const problem = nameProblem(name);
  return problem === undefined
    ? undefined
    : `no service can have the name "${name.slice(0, 100)}": ${problem}`;
}
