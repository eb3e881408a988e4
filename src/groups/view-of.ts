import { globMatcher } from '../base/glob.js';
import type { NodeGroup } from '../config/node-groups.js';
import { type RouteRule, servicesOf } from '../model/route.js';
import type { Resource } from '../snapshot/resource.js';
import type { SnapshotChanges } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';

/** What of everything a group gets, as tests of names. */
export interface GroupView {
  readonly listener: (name: string) => boolean;
  readonly service: (name: string) => boolean;
  readonly route: (rule: RouteRule) => boolean;
  /** Whether the group has all routes, so that its route configurations are those of everybody. */
  readonly allRoutes: boolean;
}

/**
 * A route to a service that the group does not get would lead nowhere: it goes with the service. A route without a
 * name is in a group only where the group does not choose its routes.
 */
export function groupView({ listeners, routes, services }: NodeGroup): GroupView {
  const service = services === undefined ? all : globMatcher(services);
  const named = routes === undefined ? all : globMatcher(routes);
  return {
    listener: listeners === undefined ? all : globMatcher(listeners),
    service,
    route: (rule) =>
      (routes === undefined || (rule.name !== undefined && named(rule.name))) &&
      servicesOf(rule).every(service),
    allRoutes: routes === undefined && services === undefined,
  };
}

/** What of a change concerns a group; the resources themselves are shared by all groups. */
export function viewOf(changes: SnapshotChanges, view: GroupView): SnapshotChanges {
  return new Map(
    [...changes].flatMap(([typeUrl, ofType]) => {
      const test = testOf(typeUrl, view);
      if (test === undefined) return [];
      const entries = [...ofType].filter(([name]) => test(name));
      return entries.length === 0 ? [] : [[typeUrl, new Map<string, Resource | undefined>(entries)] as const];
    }),
  );
}

function testOf(typeUrl: string, view: GroupView): ((name: string) => boolean) | undefined {
  switch (typeUrl) {
    case TYPE_URL.cluster:
    case TYPE_URL.endpoints:
      return view.service;
    case TYPE_URL.listener:
      return view.listener;
    case TYPE_URL.secret:
      // A private key goes to nobody who has no use for it.
      return (name) => listenersOfSecret(name).some(view.listener);
    case TYPE_URL.route:
      // A route configuration has the name of its listener.
      return view.allRoutes ? view.listener : undefined;
    default:
      return all;
  }
}

/** The listeners that a secret may be of: a name may hold what ends it. */
function listenersOfSecret(name: string): readonly string[] {
  const parts = name.split(': ');
  const candidates = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(': '));
  return candidates
    .filter((candidate) => candidate.startsWith('listener '))
    .map((candidate) => candidate.slice('listener '.length));
}

function all(): boolean {
  return true;
}
