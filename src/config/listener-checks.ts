import { isHttp } from '../model/listener.js';
import type { RouteRule } from '../model/route.js';
import { suggestion } from '../suggestion.js';
import type { Placed } from './discovery-block.js';
import type { ConfigPath } from './problem.js';
import type { Config } from './schema.js';

/** A route of the configuration file, and where it stands. */
export interface PlacedRoute {
  readonly route: RouteRule;
  readonly path: ConfigPath;
}

/** The routes of all listeners, then those of single ones. */
export function placedRoutes({ routes, listeners }: Config): readonly PlacedRoute[] {
  return [
    ...routes.map((route, index) => ({ route, path: ['routes', index] })),
    ...listeners.flatMap(({ routes: own = [] }, listener) =>
      own.map((route, index) => ({ route, path: ['listeners', listener, 'routes', index] })),
    ),
  ];
}

/** Names of listeners in routes that are no HTTP listener's. */
export function unknownListeners({ routes, listeners }: Config): readonly Placed[] {
  const known = listeners.filter(isHttp).map(({ name }) => name);
  const others = new Set(listeners.filter((listener) => !isHttp(listener)).map(({ name }) => name));
  return routes.flatMap(({ listeners: named = [] }, index) =>
    named.flatMap((name, place) => {
      if (known.includes(name)) return [];
      const message = others.has(name)
        ? `"${name}" is a TCP listener, which has no routes`
        : `there is no listener "${name}"${suggestion(name, known)}`;
      return [{ path: ['routes', index, 'listeners', place], message }];
    }),
  );
}
