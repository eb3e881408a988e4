import type { Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import type { SnapshotChanges } from '../snapshot/snapshot.js';

/** A resource at one version, as a proxy's answer tells of it. */
export interface ResourceVersion {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
}

/** How many versions of one resource are remembered. */
const MOST_VERSIONS = 16;

interface Version {
  readonly resource: Resource;
  readonly accepted: boolean;
}

interface Versions {
  /** In the order in which they were published last. */
  known: readonly Version[];
  /** A proxy came back with a version of it that is not among these. */
  otherReported: boolean;
}

/** Which versions of the resources of a group its proxies have accepted. */
export class AcceptedVersions {
  readonly #resources = new Map<string, Versions>();
  #revision = 0;

  /** A number that grows when a version is accepted or an accepted one is forgotten. */
  get revision(): number {
    return this.#revision;
  }

  /** Proxies have accepted these in a life before. */
  restore(resources: Iterable<Resource>): void {
    for (const resource of resources) {
      const key = keyOf(resource.typeUrl, resource.name);
      this.#resources.set(key, { known: [{ resource, accepted: true }], otherReported: false });
    }
  }

  /** These go out to the proxies. */
  published(changes: SnapshotChanges): void {
    for (const [typeUrl, ofType] of changes) this.#publishedOfType(typeUrl, ofType);
  }

  /** A proxy has accepted this version. @returns whether it is the first that says so */
  accepted({ typeUrl, name, version }: ResourceVersion): boolean {
    const versions = this.#resources.get(keyOf(typeUrl, name));
    if (versions === undefined) return false;
    const index = versions.known.findIndex(({ resource }) => resource.version === version);
    const found = versions.known[index];
    if (found === undefined || found.accepted) return false;
    versions.known = [{ ...found, accepted: true }, ...versions.known.slice(index + 1)];
    this.#revision += 1;
    return true;
  }

  /** A proxy came back and has this version. @returns whether that was not known */
  reported(reported: ResourceVersion): boolean {
    if (this.accepted(reported)) return true;
    const { typeUrl, name, version } = reported;
    const versions = this.#resources.get(keyOf(typeUrl, name));
    const known = versions?.known.some(({ resource }) => resource.version === version) === true;
    if (known || versions?.otherReported === true) return false;
    this.#resources.set(keyOf(typeUrl, name), { known: versions?.known ?? [], otherReported: true });
    return true;
  }

  isAccepted({ typeUrl, name, version }: ResourceVersion): boolean {
    const versions = this.#resources.get(keyOf(typeUrl, name));
    return versions?.known.some((known) => known.accepted && known.resource.version === version) ?? false;
  }

  /** The last version that proxies are known to accept, other than this one. */
  other({ typeUrl, name, version }: ResourceVersion): Resource | undefined {
    const versions = this.#resources.get(keyOf(typeUrl, name));
    return versions?.known.findLast((known) => known.accepted && known.resource.version !== version)
      ?.resource;
  }

  /** Whether some proxy has, or had, a version of the resource. */
  had({ typeUrl, name }: ResourceVersion): boolean {
    const versions = this.#resources.get(keyOf(typeUrl, name));
    return (
      versions !== undefined && (versions.otherReported || versions.known.some(({ accepted }) => accepted))
    );
  }

  /** The last accepted version of each resource. */
  *all(): Generator<Resource> {
    for (const { known } of this.#resources.values()) {
      const last = known.findLast(({ accepted }) => accepted);
      if (last !== undefined) yield last.resource;
    }
  }

  /** Forgets resources that are not published. */
  keepOnly(test: (typeUrl: string, name: string) => boolean): void {
    for (const [key, { known }] of this.#resources) {
      const [first] = known;
      if (first === undefined || !test(first.resource.typeUrl, first.resource.name))
        this.#resources.delete(key);
    }
  }

  #publishedOfType(typeUrl: string, changes: ResourceChanges): void {
    for (const [name, resource] of changes) {
      const key = keyOf(typeUrl, name);
      if (resource === undefined) this.#forget(key);
      else this.#publish(key, resource);
    }
  }

  #forget(key: string): void {
    if (this.#resources.delete(key)) this.#revision += 1;
  }

  #publish(key: string, resource: Resource): void {
    const { known, otherReported } = this.#resources.get(key) ?? { known: [], otherReported: false };
    const before = known.find((each) => each.resource.version === resource.version);
    const others = known.filter((each) => each !== before);
    const next = [...others, { resource, accepted: before?.accepted ?? false }];
    this.#resources.set(key, { known: bounded(next), otherReported });
  }
}

/** Drops versions that were not accepted first. */
function bounded(versions: readonly Version[]): readonly Version[] {
  if (versions.length <= MOST_VERSIONS) return versions;
  const index = versions.findIndex(({ accepted }) => !accepted);
  return versions.filter((_, each) => each !== index);
}

/** The name of a resource among those of all types. */
export function keyOf(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}
