import type { Group } from '../snapshot/cache.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { StreamView } from '../xds/csds/client-status.js';
import { type ConfigStatus, resourceStatus } from '../xds/csds/resource-status.js';

/** A resource as it is published now. */
export interface PublishedResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
}

/** Where one proxy is with a resource. */
export interface ProxyStatus {
  readonly node: string;
  readonly peer: string;
  readonly status: ConfigStatus;
  /** What Envoy said when it refused a version, until it accepts a newer one. */
  readonly refused?: { readonly version: string; readonly message: string };
}

/**
 * Where the proxies behind these streams are with a resource, those left out that do not ask for it.
 * @param snapshotOf what the streams of a group are brought to, which may be older than the resource
 */
export function proxyStatuses(
  { typeUrl, name, version }: PublishedResource,
  streams: Iterable<StreamView>,
  snapshotOf: (group: Group) => Snapshot | undefined,
): readonly ProxyStatus[] {
  const statuses: ProxyStatus[] = [];
  for (const { node, group, peer, state } of streams) {
    const type = state.types.get(typeUrl);
    const snapshot = group === undefined ? undefined : snapshotOf(group);
    const found = type && snapshot && resourceStatus(type, snapshot.set(typeUrl), name);
    if (found === undefined) continue;
    const { rejection, resource } = found;
    statuses.push({
      node: node.id,
      peer,
      status: resource?.version === version ? found.status : 'NOT_SENT',
      ...(rejection !== undefined && { refused: { ...rejection } }),
    });
  }
  return statuses;
}
