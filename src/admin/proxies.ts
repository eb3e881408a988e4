import { typeStatus } from '../xds/csds/resource-status.js';
import type { XdsStream } from '../xds/stream.js';
import { discoveryName } from '../xds/type-names.js';
import type { TypeState } from '../xds/type-state.js';

/** What `/proxies` shows of one stream. */
export type ProxyView = ReturnType<typeof proxyView> & {
  /** The number of the worker that serves it, where there are several. */
  readonly worker?: number;
};

export function proxyView(stream: XdsStream) {
  const { node, group, peer, variant, connectedAt, state } = stream;
  const types = [...state.types.values()].map(
    (type) => [discoveryName(type.typeUrl), typeView(type)] as const,
  );
  return {
    node: { id: node.id, cluster: node.cluster, locality: node.locality, version: node.userAgentVersion },
    group,
    peer,
    variant,
    connected_since: new Date(connectedAt).toISOString(),
    types: Object.fromEntries(types),
  };
}

function typeView(type: TypeState) {
  return {
    status: typeStatus(type),
    subscribed: type.subscription.wildcard ? '*' : type.subscription.names.size,
    version_sent: type.version,
    version_acknowledged: type.acknowledgedVersion,
    outstanding: type.outstanding.length,
    rejected: [...type.rejected].map(([resource, { version, message }]) => ({ resource, version, message })),
  };
}
