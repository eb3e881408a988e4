import type { Group, SnapshotCache } from '../snapshot/cache.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';

/** Where what was built goes. */
export interface PublicationTarget {
  /** All that was published last. */
  readonly wanted: Snapshot;
  /** Replaces everything. */
  setSnapshot(snapshot: Snapshot): void;
  /** Changes single resources. */
  updateResources(changes: SnapshotChanges): void;
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
