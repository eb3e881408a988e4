import type { ProxyStatus, TypeStatus } from '../snapshot/proxy-status.js';
import type { Variant } from './response.js';
import type { XdsStream } from './stream.js';
import { withoutTheirTtl } from './ttl.js';
import type { TypeState } from './type-state.js';

/** How a stream stands, for {@link SnapshotCache.status}. */
export function proxyStatus({ id, node, group, peer, variant, connectedAt, state }: XdsStream): ProxyStatus {
  const { id: nodeId, cluster, metadata } = node;
  const types = new Map([...state.types.values()].map((type) => [type.typeUrl, typeStatus(type, variant)]));
  return { stream: id, node: { id: nodeId, cluster, metadata }, group, peer, variant, connectedAt, types };
}

function typeStatus(type: TypeState, variant: Variant): TypeStatus {
  const { typeUrl, held, subscription, version, acknowledgedVersion, outstanding, rejected } = type;
  return {
    subscribed: subscription.wildcard ? '*' : [...subscription.names],
    sent: version,
    acknowledged: acknowledgedVersion,
    outstanding: outstanding.length,
    rejected: [...rejected].map(([name, rejection]) => ({ name, ...rejection })),
    withoutTtl: withoutTheirTtl(variant, typeUrl, held, subscription),
  };
}
