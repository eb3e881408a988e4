import { deserialize, serialize } from 'node:v8';
import type { Group } from '../snapshot/cache.js';
import { type Digest, digestText } from '../snapshot/content-hash.js';
import type { References, Resource } from '../snapshot/resource.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';

/** A resource without what can be told from the rest of it. */
interface PackedResource {
  readonly name: string;
  readonly digest: Digest;
  readonly any: Uint8Array;
  readonly bodyBytes: number;
  readonly references: References;
  readonly ttl?: number;
}

interface PackedStep {
  readonly group: Group;
  readonly types: readonly {
    readonly typeUrl: string;
    readonly put: readonly PackedResource[];
    readonly removed: readonly string[];
  }[];
}

/** What brings a group from one snapshot to another. */
export interface SnapshotStep {
  readonly group: Group;
  readonly changes: SnapshotChanges;
}

/**
 * What a process that has one snapshot of a group needs to have another, as bytes: the resources that differ, encoded
 * as they are, and the names of those that are gone.
 * @param from undefined for a process that has none
 */
export function packStep(group: Group, from: Snapshot | undefined, to: Snapshot): Uint8Array {
  const before = from ?? Snapshot.EMPTY;
  const types = [...new Set([...before.sets.keys(), ...to.sets.keys()])].map((typeUrl) => {
    const set = to.set(typeUrl);
    const earlier = before.set(typeUrl);
    const names = set
      .differencesFrom(earlier)
      .filter((name) => set.get(name)?.version !== earlier.get(name)?.version);
    const resources = names.map((name) => set.get(name)).filter((resource) => resource !== undefined);
    const removed = names.filter((name) => set.get(name) === undefined);
    return { typeUrl, put: resources.map(packed), removed };
  });
  const step: PackedStep = {
    group,
    types: types.filter(({ put, removed }) => put.length + removed.length > 0),
  };
  return serialize(step);
}

/** The inverse of {@link packStep}, for bytes of another process of this program. */
export function unpackStep(bytes: Uint8Array): SnapshotStep {
  const { group, types }: PackedStep = deserialize(bytes);
  const changes = types.map(({ typeUrl, put, removed }) => {
    const ofType = new Map<string, Resource | undefined>(removed.map((name) => [name, undefined]));
    for (const resource of put) ofType.set(resource.name, unpacked(typeUrl, resource));
    return [typeUrl, ofType] as const;
  });
  return { group, changes: new Map(changes) };
}

function packed({ name, digest, any, body, references, ttl }: Resource): PackedResource {
  return { name, digest, any, bodyBytes: body.length, references, ...(ttl !== undefined && { ttl }) };
}

function unpacked(
  typeUrl: string,
  { name, digest, any, bodyBytes, references, ttl }: PackedResource,
): Resource {
  // A copy: as a part of the message it would keep all of that in memory.
  const own = Buffer.from(any);
  return {
    typeUrl,
    name,
    version: digestText(digest),
    digest,
    any: own,
    body: own.subarray(own.length - bodyBytes),
    references,
    ...(ttl !== undefined && { ttl }),
  };
}
