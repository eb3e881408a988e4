import { type Digest, digestText, plus, ZERO } from './content-hash.js';
import type { Resource } from './resource.js';
import { type ResourceChanges, ResourceSet } from './resource-set.js';

/** Changes of several types: type URL → name → resource, undefined where it goes. */
export type SnapshotChanges = ReadonlyMap<string, ResourceChanges>;

/** Everything that one group of proxies is to have, immutable, with a version that is the hash of the content. */
export class Snapshot {
  /** The snapshot without resources. */
  static readonly EMPTY = new Snapshot(new Map());
  #version: string | undefined;

  private constructor(readonly sets: ReadonlyMap<string, ResourceSet>) {}

  /** A snapshot of these resources, in any order. */
  static of(resources: Iterable<Resource>): Snapshot {
    const changes = new Map<string, Map<string, Resource>>();
    for (const resource of resources) {
      const ofType = changes.get(resource.typeUrl) ?? new Map<string, Resource>();
      changes.set(resource.typeUrl, ofType.set(resource.name, resource));
    }
    return Snapshot.EMPTY.with(changes);
  }

  /** The hash of all its content: equal content has an equal version at every replica. */
  get version(): string {
    this.#version ??= digestText(
      [...this.sets.values()].reduce((sum: Digest, set) => plus(sum, set.digest), ZERO),
    );
    return this.#version;
  }

  /** The resources of a type; an empty set for a type that the snapshot does not have. */
  set(typeUrl: string): ResourceSet {
    return this.sets.get(typeUrl) ?? ResourceSet.EMPTY;
  }

  /** A changed copy at the cost of the change; this very object where nothing differs. */
  with(changes: SnapshotChanges): Snapshot {
    const sets = new Map(this.sets);
    let changed = false;
    for (const [typeUrl, ofType] of changes) {
      const before = this.set(typeUrl);
      const after = before.with(ofType);
      if (after === before) continue;
      sets.set(typeUrl, after);
      changed = true;
    }
    return changed ? new Snapshot(sets) : this;
  }

  /** A copy with another set of one type; this very object where it is the same. */
  withSet(typeUrl: string, set: ResourceSet): Snapshot {
    if (this.set(typeUrl) === set) return this;
    return new Snapshot(new Map([...this.sets, [typeUrl, set]]));
  }

  /** The content of `next`, with this snapshot's own resources wherever they are equal. */
  replacedBy(next: Snapshot): Snapshot {
    const changes = new Map<string, ResourceChanges>();
    for (const typeUrl of new Set([...this.sets.keys(), ...next.sets.keys()])) {
      const after = next.set(typeUrl);
      const ofType = new Map<string, Resource | undefined>(
        [...after.values()].map((resource) => [resource.name, resource]),
      );
      for (const name of this.set(typeUrl).names()) if (!ofType.has(name)) ofType.set(name, undefined);
      changes.set(typeUrl, ofType);
    }
    return this.with(changes);
  }
}
