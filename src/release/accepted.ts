import type { Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import type { SnapshotChanges } from '../snapshot/snapshot.js';

/** A resource at one version, as a proxy's answer tells of it. */
export interface ResourceVersion {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
}

/** Versions of one resource that nobody has answered yet; of a flood of them only the last are remembered. */
const MOST_OPEN = 16;

interface Versions {
  accepted: Resource | undefined;
  /** Published since, oldest first. */
  open: readonly Resource[];
}

/** The last version of each resource that some proxy has accepted. */
export class AcceptedVersions {
  readonly #resources = new Map<string, Versions>();

  /** These go out to the proxies. */
  published(changes: SnapshotChanges): void {
    for (const [typeUrl, ofType] of changes) this.#publishedOfType(typeUrl, ofType);
  }

  /** A proxy has accepted this version. */
  accepted({ typeUrl, name, version }: ResourceVersion): void {
    const versions = this.#resources.get(keyOf(typeUrl, name));
    const index = versions?.open.findIndex((resource) => resource.version === version) ?? -1;
    if (versions === undefined || index === -1) return;
    versions.accepted = versions.open[index];
    versions.open = versions.open.slice(index + 1);
  }

  /** What proxies are known to accept; undefined where they have accepted none. */
  last(typeUrl: string, name: string): Resource | undefined {
    return this.#resources.get(keyOf(typeUrl, name))?.accepted;
  }

  #publishedOfType(typeUrl: string, changes: ResourceChanges): void {
    for (const [name, resource] of changes) {
      const key = keyOf(typeUrl, name);
      const versions = this.#resources.get(key);
      if (resource === undefined) this.#resources.delete(key);
      else if (versions === undefined) this.#resources.set(key, { accepted: undefined, open: [resource] });
      else if (versions.open.at(-1)?.version !== resource.version)
        versions.open = [...versions.open, resource].slice(-MOST_OPEN);
    }
  }
}

/** The name of a resource among those of all types. */
export function keyOf(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}
