import { toJson } from '../protobuf/json.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { messageName, TYPE_URL } from '../snapshot/type-url.js';

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';

/** A snapshot in the shape of Envoy's own `/config_dump`. */
export function configDump(snapshot: Snapshot): unknown {
  const entries = (typeUrl: string, key: string) =>
    [...snapshot.set(typeUrl).values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((resource) => ({
        name: resource.name,
        entry: {
          version_info: resource.version,
          [key]: { '@type': typeUrl, ...Object(toJson(messageName(typeUrl), resource.body)) },
        },
      }));
  const plain = (typeUrl: string, key: string) => entries(typeUrl, key).map(({ entry }) => entry);
  const clusters = snapshot.set(TYPE_URL.cluster);
  const listeners = snapshot.set(TYPE_URL.listener);
  return {
    configs: [
      {
        '@type': `${ADMIN}ClustersConfigDump`,
        version_info: clusters.version,
        dynamic_active_clusters: plain(TYPE_URL.cluster, 'cluster'),
      },
      {
        '@type': `${ADMIN}ListenersConfigDump`,
        version_info: listeners.version,
        dynamic_listeners: entries(TYPE_URL.listener, 'listener').map(({ name, entry }) => ({
          name,
          active_state: entry,
        })),
      },
      {
        '@type': `${ADMIN}RoutesConfigDump`,
        dynamic_route_configs: plain(TYPE_URL.route, 'route_config'),
      },
      {
        '@type': `${ADMIN}EndpointsConfigDump`,
        dynamic_endpoint_configs: plain(TYPE_URL.endpoints, 'endpoint_config'),
      },
      {
        '@type': `${ADMIN}SecretsConfigDump`,
        dynamic_active_secrets: entries(TYPE_URL.secret, 'secret').map(({ name, entry }) => ({
          name,
          ...entry,
        })),
      },
    ],
  };
}
