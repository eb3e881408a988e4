import type { EnvoyJson } from '../model/envoy-json.js';
import { isHttp } from '../model/listener.js';
import { mergeJson } from '../protobuf/from-json.js';
import type { Placed } from './discovery-block.js';
import { placedRoutes } from './listener-checks.js';
import type { ConfigPath } from './problem.js';
import type { Config } from './schema.js';

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3';

/** Fields in blocks of Envoy's own JSON that Envoy still takes, and has announced to take no more. */
export function deprecatedFields(config: Config): readonly Placed[] {
  const { services, listeners, virtual_hosts } = config;
  return [
    ...Object.entries(services).flatMap(([name, { envoy }]) =>
      inBlock('envoy.config.cluster.v3.Cluster', envoy, ['services', name, 'envoy']),
    ),
    ...listeners.flatMap((listener, index) => {
      const at = ['listeners', index];
      const ofHttp = isHttp(listener)
        ? inBlock(`${MANAGER}.HttpConnectionManager`, listener.http_connection_manager, [
            ...at,
            'http_connection_manager',
          ])
        : [];
      const filters = listener.http_filters ?? [];
      return [
        ...inBlock('envoy.config.listener.v3.Listener', listener.envoy, [...at, 'envoy']),
        ...ofHttp,
        ...filters.flatMap((filter, place) =>
          inBlock(`${MANAGER}.HttpFilter`, filter, [...at, 'http_filters', place]),
        ),
      ];
    }),
    ...virtual_hosts.flatMap(({ envoy }, index) =>
      inBlock('envoy.config.route.v3.VirtualHost', envoy, ['virtual_hosts', index, 'envoy']),
    ),
    ...placedRoutes(config).flatMap(({ route, path }) =>
      inBlock('envoy.config.route.v3.Route', route.envoy, [...path, 'envoy']),
    ),
  ];
}

function inBlock(type: string, block: EnvoyJson | undefined, at: ConfigPath): readonly Placed[] {
  if (block === undefined) return [];
  return mergeJson(type, {}, block).deprecated.map(({ path, field }) => ({
    path: [...at, ...path],
    message: `Envoy has deprecated "${field}": a later version refuses it`,
  }));
}
