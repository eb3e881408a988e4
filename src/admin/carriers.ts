import type { ReleaseStatus } from '../release/release.js';
import type { Resource } from '../snapshot/resource.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { discoveryName } from '../xds/type-names.js';
import type { ProxyStatus, PublishedResource } from './proxy-statuses.js';
import { releaseView } from './release.js';

/** What is known of resources and of who has them. */
export interface CarrierSubject {
  readonly snapshot: () => Snapshot;
  /** Where each proxy is with each of these resources, those left out that do not ask for it. */
  readonly proxyStatuses: (
    resources: readonly PublishedResource[],
  ) => Promise<readonly (readonly ProxyStatus[])[]>;
  readonly releaseStatus: () => ReleaseStatus;
}

/** A resource that brings something to the proxies, and where each proxy is with it. */
export interface Carrier {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly proxies: readonly ProxyStatus[];
}

export async function carriersOf(
  found: readonly (Resource | undefined)[],
  subject: CarrierSubject,
): Promise<readonly Carrier[]> {
  const resources = found
    .filter((resource) => resource !== undefined)
    .map(({ typeUrl, name, version }): PublishedResource => ({ typeUrl, name, version }));
  const proxies = await subject.proxyStatuses(resources);
  return resources.map(({ typeUrl, name, version }, index) => ({
    type: discoveryName(typeUrl),
    name,
    version,
    proxies: proxies[index] ?? [],
  }));
}

/**
 * What keeps the newest version of these resources from the proxies, or from one: a pinned version, a quarantine, a
 * proxy that rejects them alone, an inconsistency, a rollout that is under way.
 * @param concerns of each resource, by its type and its name
 */
export function withheld(
  status: ReleaseStatus,
  concerns: (resource: { readonly type: string; readonly name: string }) => boolean,
) {
  const { pinned, quarantined, held_back: heldBack, inconsistent, rollout } = releaseView(status);
  return {
    pinned,
    quarantined: quarantined.filter(concerns),
    held_back: heldBack.filter(({ type, names }) => names.some((name) => concerns({ type, name }))),
    inconsistent: inconsistent.filter((one) => concerns(one) || concerns(one.missing)),
    rollout,
  };
}
