import { type Digest, digestText, minus, plus, ZERO } from './content-hash.js';
import { PersistentMap } from './persistent-map.js';
import type { Resource } from './resource.js';

/** New and changed resources by name; undefined removes. */
export type ResourceChanges = ReadonlyMap<string, Resource | undefined>;

/** All resources of one type, immutable, with a version that is the hash of their content. */
export class ResourceSet {
  static #ids = 0;
  static readonly EMPTY = new ResourceSet(PersistentMap.empty(), ZERO, new Set());

  /** Names this very object, for caches of what was worked out from it. */
  readonly id = ++ResourceSet.#ids;
  readonly #differences = new WeakMap<ResourceSet, readonly string[]>();
  readonly #kept = new WeakMap<ResourceSet, ResourceSet>();
  #version: string | undefined;
  #leastTtl: number | undefined;

  private constructor(
    private readonly resources: PersistentMap<Resource>,
    readonly digest: Digest,
    /** The names of the resources that carry a TTL. */
    readonly expiring: ReadonlySet<string>,
  ) {}

  /** The hash of all its content. */
  get version(): string {
    this.#version ??= digestText(this.digest);
    return this.#version;
  }

  /** The shortest TTL that a resource carries, milliseconds; undefined where none carries one. */
  get leastTtl(): number | undefined {
    if (this.expiring.size === 0 || this.#leastTtl !== undefined) return this.#leastTtl;
    for (const name of this.expiring) {
      this.#leastTtl = Math.min(this.#leastTtl ?? Number.POSITIVE_INFINITY, this.get(name)?.ttl ?? 0);
    }
    return this.#leastTtl;
  }

  /** How many resources it has. */
  get size(): number {
    return this.resources.size;
  }

  /** The resource of a name, or undefined where there is none. */
  get(name: string): Resource | undefined {
    return this.resources.get(name);
  }

  /** The names of all resources, in an order that their names alone decide. */
  names(): Iterable<string> {
    return this.resources.keys();
  }

  /** All resources, in the order of {@link ResourceSet.names}. */
  values(): Iterable<Resource> {
    return this.resources.values();
  }

  /** A changed copy; this very object where nothing in `changes` differs from what is held. */
  with(changes: ResourceChanges): ResourceSet {
    const effective: [string, Resource | undefined][] = [];
    let digest = this.digest;
    let expiring: Set<string> | undefined;
    for (const [name, resource] of changes) {
      const before = this.resources.get(name);
      if (before?.version === resource?.version) continue;
      effective.push([name, resource]);
      if (before !== undefined) digest = minus(digest, before.digest);
      if (resource !== undefined) digest = plus(digest, resource.digest);
      if (before?.ttl !== undefined || resource?.ttl !== undefined) {
        expiring ??= new Set(this.expiring);
        if (resource?.ttl === undefined) expiring.delete(name);
        else expiring.add(name);
      }
    }
    if (effective.length === 0) return this;
    return new ResourceSet(this.resources.with(effective), digest, expiring ?? this.expiring);
  }

  /** The names whose resources differ from those of an earlier set; worked out once for all who ask. */
  differencesFrom(earlier: ResourceSet): readonly string[] {
    if (earlier === this) return [];
    let names = this.#differences.get(earlier);
    if (names === undefined) {
      names = this.resources.differing(earlier.resources);
      this.#differences.set(earlier, names);
    }
    return names;
  }

  /**
   * This set with what an earlier one had and this one has no more: the state between "make" and "break".
   * This very object where nothing was removed.
   */
  withRemovedOf(earlier: ResourceSet): ResourceSet {
    let kept = this.#kept.get(earlier);
    if (kept === undefined) {
      const removed = this.differencesFrom(earlier).filter((name) => this.get(name) === undefined);
      kept = this.with(new Map(removed.map((name) => [name, earlier.get(name)])));
      this.#kept.set(earlier, kept);
    }
    return kept;
  }
}
