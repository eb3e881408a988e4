import type { RouteRule, VirtualHostRule } from '../model/route.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';

/** What all route configurations are made of, for groups that have some of the routes. */
export interface Routing {
  readonly listeners: readonly string[];
  readonly rules: readonly RouteRule[];
  readonly settings: readonly VirtualHostRule[];
}

/** Where what was built goes. */
export interface PublicationTarget {
  /** All that was published last. */
  readonly wanted: Snapshot;
  /** Replaces everything. */
  setSnapshot(snapshot: Snapshot, routing: Routing): void;
  /**
   * Changes single resources.
   * @param routing where routes have changed
   */
  updateResources(changes: SnapshotChanges, routing?: Routing): void;
}

/** Publishes to a group of a cache as it is. */
export function toGroup(cache: SnapshotCache, group: Group): PublicationTarget {
  return {
    get wanted() {
      return cache.getSnapshot(group) ?? Snapshot.EMPTY;
    },
    setSnapshot: (snapshot) => cache.setSnapshot(group, snapshot),
    updateResources: (changes) => cache.updateResources(group, changes),
  };
}
