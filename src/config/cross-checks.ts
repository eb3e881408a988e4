import { addressOf } from '../model/instance.js';
import { isHttp } from '../model/listener.js';
import { refusalOf } from '../resources/route/refusal.js';
import { derivedProblems } from './derived-checks.js';
import type { Placed } from './discovery-block.js';
import { envoyProblems } from './envoy-checks.js';
import { type PlacedRoute, placedRoutes, unknownListeners } from './listener-checks.js';
import type { ConfigPath } from './problem.js';
import type { Config } from './schema.js';

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
      ...derivedProblems(config),
      ...(config.publish.delay > config.publish.max_delay
        ? [{ path: ['publish', 'delay'], message: 'must be at most "max_delay"' }]
        : []),
      ...refused(routes),
      ...unknownListeners(config),
      ...envoyProblems(config),
    ],
    warnings: unreachable(
      routes,
      config.listeners.filter(isHttp).map(({ name }) => name),
    ),
  };
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

/**
 * Routes that an equal match of the same or a higher priority takes everything from, for every one of their hosts at every
 * one of their listeners.
 */
function unreachable(routes: readonly PlacedRoute[], listeners: readonly string[]): readonly Placed[] {
  const taken = new Set<string>();
  const byPriority = [...routes].sort((a, b) => (b.route.priority ?? 0) - (a.route.priority ?? 0));
  return byPriority.flatMap(({ route, path }) => {
    const { hosts = ['*'], match } = route;
    // Without any listener what is said of them still holds once there is one.
    const places = route.listeners ?? (listeners.length === 0 ? [''] : listeners);
    const keys = places.flatMap((place) => hosts.map((host) => JSON.stringify([place, host, match])));
    const free = keys.some((key) => !taken.has(key));
    for (const key of keys) taken.add(key);
    const message = 'this route never matches: an equal match takes its requests';
    return free ? [] : [{ path, message }];
  });
}
