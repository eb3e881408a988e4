import { addressOf } from '../model/instance.js';
import { isHttp } from '../model/listener.js';
import { refusalOf } from '../resources/route/refusal.js';
import { adminProblem } from './admin-options.js';
import { deprecatedFields } from './deprecated-fields.js';
import { derivedProblems, unreadScopes } from './derived-checks.js';
import type { Placed } from './discovery-block.js';
import { envoyProblems } from './envoy-checks.js';
import { type PlacedRoute, placedRoutes, unknownListeners } from './listener-checks.js';
import { type ConfigPath, formatPath } from './problem.js';
import type { Config } from './schema.js';
import { shadowedRoutes } from './shadowed-routes.js';

export interface CrossChecked {
  readonly problems: readonly Placed[];
  readonly warnings: readonly Placed[];
}

/** What no part of the configuration can say alone. */
export function crossCheck(config: Config): CrossChecked {
  const routes = placedRoutes(config);
  const dumps = Object.entries(config.discovery).flatMap(([name, { dump }]): Entry[] =>
    dump === undefined ? [] : [[dump.path, ['discovery', name, 'dump', 'path']]],
  );
  const names = config.listeners.map(({ name }, index): Entry => [name, ['listeners', index, 'name']]);
  const addresses = config.listeners.map(
    ({ address }, index): Entry => [addressOf(address), ['listeners', index, 'address']],
  );
  const own = ([config.xds, config.admin] as const).map(
    ({ listen }, index): Entry => [
      listen.port === 0 ? `any ${index}` : addressOf(listen),
      [index === 0 ? 'xds' : 'admin', 'listen'],
    ],
  );
  return {
    problems: [
      ...repeated(dumps, 'another registry dumps to this file already'),
      ...repeated(names, 'another listener has this name already'),
      ...repeated(addresses, 'another listener has this address already'),
      ...repeated(own, 'xds listens on this address already'),
      ...unprotected(config),
      ...derivedProblems(config),
      ...(config.publish.delay > config.publish.max_delay
        ? [{ path: ['publish', 'delay'], message: 'must be at most "max_delay"' }]
        : []),
      ...refused(routes),
      ...unknownListeners(config),
      ...envoyProblems(config),
    ],
    warnings: [
      ...unreachable(
        routes,
        config.listeners.filter(isHttp).map(({ name }) => name),
      ),
      ...unhashed(routes, config.services),
      ...deprecatedFields(config),
      ...unreadScopes(config),
    ],
  };
}

function unprotected({ admin }: Config): readonly Placed[] {
  const message = adminProblem(admin);
  return message === undefined ? [] : [{ path: ['admin', 'listen'], message }];
}

type Entry = readonly [value: string, path: ConfigPath];

function repeated(entries: readonly Entry[], message: string): readonly Placed[] {
  return entries
    .filter(([value], index) => entries.findIndex(([other]) => other === value) < index)
    .map(([, path]) => ({ path, message }));
}

/** Routes for which Envoy would refuse all routes. */
function refused(routes: readonly PlacedRoute[]): readonly Placed[] {
  return routes.flatMap(({ route, path }) => {
    const message = refusalOf(route);
    return message === undefined ? [] : [{ path, message }];
  });
}

const HASHING = new Set(['RING_HASH', 'MAGLEV']);

/** Routes whose `hash_policy` no load balancer of their services looks at. */
function unhashed(routes: readonly PlacedRoute[], services: Config['services']): readonly Placed[] {
  const ofAll = services['*']?.lb_policy ?? 'ROUND_ROBIN';
  const lbPolicyOf = (name: string) =>
    (Object.hasOwn(services, name) ? services[name]?.lb_policy : undefined) ?? ofAll;
  return routes.flatMap(({ route: { hash_policy, service_name, weighted = [] }, path }) => {
    const names = [...weighted, { service_name }].flatMap(({ service_name: name }) => name ?? []);
    const named = names.find((name) => !HASHING.has(lbPolicyOf(name)));
    if (hash_policy === undefined || named === undefined) return [];
    const message = `"hash_policy" is for RING_HASH and MAGLEV, and "lb_policy" of ${named} is ${lbPolicyOf(named)}`;
    return [{ path: [...path, 'hash_policy'], message }];
  });
}

/** Of the routes that shadow another. */
const MOST_NAMED = 3;

/** Routes that no request can reach. */
function unreachable(routes: readonly PlacedRoute[], listeners: readonly string[]): readonly Placed[] {
  const places = new Map(routes.map(({ route, path }) => [route, path]));
  const rules = routes.map(({ route }) => route);
  return shadowedRoutes(rules, listeners).map(({ rule, by }) => {
    const others = rules
      .filter((other) => by.includes(other))
      .map((other) => formatPath(places.get(other) ?? []));
    const named = others.slice(0, MOST_NAMED);
    const takers = [...named, ...(others.length > MOST_NAMED ? ['others'] : [])].join(', ');
    const message = `this route never matches: all of its requests go to ${takers}`;
    return { path: places.get(rule) ?? [], message };
  });
}
