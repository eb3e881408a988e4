import type {
  ClientConfig,
  _envoy_service_status_v3_ClientConfig_GenericXdsConfig as GenericXdsConfig,
} from '../../generated/types/envoy/service/status/v3/ClientConfig.js';
import { structOf } from '../../protobuf/struct.js';
import type { Group } from '../../snapshot/cache.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import type { ProxyNode } from '../node.js';
import type { StreamState } from '../stream-state.js';
import { type ResourceStatus, resourceStatuses } from './resource-status.js';

/** What is told of a stream. */
export interface StreamView {
  readonly node: ProxyNode;
  /** Undefined before the first request. */
  readonly group: Group | undefined;
  readonly peer: string;
  readonly state: StreamState;
}

export interface ClientStatusOptions {
  readonly matches: (node: ProxyNode) => boolean;
  readonly withContents: boolean;
  readonly snapshotOf: (group: Group) => Snapshot | undefined;
  /** About how large the answer may be. */
  readonly mostBytes: number;
}

/** What a status takes beside its texts and its content, bytes, about. */
const STATUS_BYTES = 100;

/**
 * The clients that are connected: one for all streams of a node over one connection.
 * @returns undefined where that would be larger than wanted
 */
export function clientConfigs(
  streams: Iterable<StreamView>,
  options: ClientStatusOptions,
): ClientConfig[] | undefined {
  let room = options.mostBytes;
  const clients = new Map<string, ClientConfig & { generic_xds_configs: GenericXdsConfig[] }>();
  for (const { node, group, peer, state } of streams) {
    if (group === undefined || !options.matches(node)) continue;
    const key = JSON.stringify([node.id, peer]);
    const client = clients.get(key) ?? { node: protoNode(node), generic_xds_configs: [] };
    clients.set(key, client);
    const snapshot = options.snapshotOf(group);
    if (snapshot === undefined) continue;
    for (const type of state.types.values()) {
      for (const status of resourceStatuses(type, snapshot.set(type.typeUrl))) {
        room -= bytesOf(status, options.withContents);
        if (room < 0) return undefined;
        client.generic_xds_configs.push(genericConfig(type.typeUrl, status, options.withContents));
      }
    }
  }
  return [...clients.values()];
}

function genericConfig(
  typeUrl: string,
  { name, status, resource, rejection }: ResourceStatus,
  withContents: boolean,
): GenericXdsConfig {
  // What a secret holds is for the proxy that asks for it, not for who asks after the proxy.
  const shown = withContents && typeUrl !== TYPE_URL.secret;
  return {
    type_url: typeUrl,
    name,
    config_status: status,
    ...(resource !== undefined && { version_info: resource.version }),
    ...(resource !== undefined &&
      shown && { xds_config: { type_url: typeUrl, value: Buffer.from(resource.body) } }),
    ...(rejection !== undefined && {
      error_state: { details: rejection.message, version_info: rejection.version },
    }),
  };
}

function bytesOf({ name, resource, rejection }: ResourceStatus, withContents: boolean): number {
  const content = withContents ? (resource?.body.length ?? 0) : 0;
  return STATUS_BYTES + name.length + content + (rejection?.message.length ?? 0);
}

function protoNode(node: ProxyNode): NonNullable<ClientConfig['node']> {
  return {
    id: node.id,
    cluster: node.cluster,
    locality: { ...node.locality },
    metadata: structOf(node.metadata),
    user_agent_name: node.userAgent,
    user_agent_version: node.userAgentVersion,
  };
}
