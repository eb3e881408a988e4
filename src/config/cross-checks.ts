import { addressOf } from '../model/instance.js';
import type { RouteRule } from '../model/route.js';
import { refusalOf } from '../resources/route/refusal.js';
import { derivedProblems } from './derived-checks.js';
import type { Placed } from './discovery-block.js';
import type { ConfigPath } from './problem.js';
import type { Route } from './routing.js';
import type { Config } from './schema.js';
import { shadowedRoutes } from './shadowed-routes.js';

export interface CrossChecked {
  readonly problems: readonly Placed[];
  readonly warnings: readonly Placed[];
}

/** What no part of the configuration can say alone. */
export function crossCheck(config: Config): CrossChecked {
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
      ...derivedProblems(config),
      ...(config.publish.delay > config.publish.max_delay
        ? [{ path: ['publish', 'delay'], message: 'must be at most "max_delay"' }]
        : []),
      ...refused(config.routes),
    ],
    warnings: [...unreachable(config.routes), ...unhashed(config)],
  };
}

type Entry = readonly [value: string, path: ConfigPath];

function repeated(entries: readonly Entry[], message: string): readonly Placed[] {
  return entries
    .filter(([value], index) => entries.findIndex(([other]) => other === value) < index)
    .map(([, path]) => ({ path, message }));
}

/** Routes for which Envoy would refuse all routes. */
function refused(routes: readonly Route[]): readonly Placed[] {
  return routes.flatMap((route, index) => {
    const message = refusalOf(route);
    return message === undefined ? [] : [{ path: ['routes', index], message }];
  });
}

const HASHING = new Set(['RING_HASH', 'MAGLEV']);

/** Routes whose `hash_policy` no load balancer of their services looks at. */
function unhashed({ routes, services }: Config): readonly Placed[] {
  const ofAll = services['*']?.lb_policy ?? 'ROUND_ROBIN';
  const lbPolicyOf = (name: string) =>
    (Object.hasOwn(services, name) ? services[name]?.lb_policy : undefined) ?? ofAll;
  return routes.flatMap(({ hash_policy, service_name, weighted = [] }, index) => {
    const names = [...weighted, { service_name }].flatMap(({ service_name: name }) => name ?? []);
    const named = names.find((name) => !HASHING.has(lbPolicyOf(name)));
    if (hash_policy === undefined || named === undefined) return [];
    const message = `"hash_policy" is for RING_HASH and MAGLEV, and "lb_policy" of ${named} is ${lbPolicyOf(named)}`;
    return [{ path: ['routes', index, 'hash_policy'], message }];
  });
}

/** Of the routes that shadow another. */
const MOST_NAMED = 3;

/** Routes that no request can reach. */
function unreachable(routes: readonly Route[]): readonly Placed[] {
  const indices = new Map<RouteRule, number>(routes.map((route, index) => [route, index]));
  return shadowedRoutes(routes).map(({ rule, by }) => {
    const others = by.map((other) => indices.get(other) ?? 0).sort((a, b) => a - b);
    const named = others.slice(0, MOST_NAMED).map((index) => `routes[${index}]`);
    const takers = [...named, ...(others.length > MOST_NAMED ? ['others'] : [])].join(', ');
    const message = `this route never matches: all of its requests go to ${takers}`;
    return { path: ['routes', indices.get(rule) ?? 0], message };
  });
}
