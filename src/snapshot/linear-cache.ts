import { SignalboxError } from '../errors.js';
import { type CacheChange, SnapshotCache } from './cache.js';
import type { ProxyStatus } from './proxy-status.js';
import type { Resource } from './resource.js';
import { type ResourceChanges, ResourceSet } from './resource-set.js';
import { Snapshot } from './snapshot.js';

/** The group of every proxy that is served a LinearCache. */
export const LINEAR_GROUP = 'linear';

/** Resources of a single type, the same ones for every proxy. It is served from the start, empty as it may be. */
export class LinearCache {
  /** What holds the resources, in one group; a server that is given a LinearCache serves this. */
  readonly snapshots: SnapshotCache;

  /**
   * An empty cache.
   * @param typeUrl the type of all its resources
   * @param onError told of what a listener of its changes throws; Node.js prints it as a warning without
   */
  constructor(
    readonly typeUrl: string,
    onError?: (thrown: unknown) => void,
  ) {
    this.snapshots = new SnapshotCache(undefined, undefined, onError);
    this.snapshots.setSnapshot(LINEAR_GROUP, Snapshot.EMPTY);
  }

  /** The hash of all its content. */
  get version(): string {
    return this.#set().version;
  }

  /** How many resources it has. */
  get size(): number {
    return this.#set().size;
  }

  /** The resource of a name, or undefined where there is none. */
  get(name: string): Resource | undefined {
    return this.#set().get(name);
  }

  /** The names of all its resources. */
  names(): Iterable<string> {
    return this.#set().names();
  }

  /**
   * Puts a resource, new or changed.
   * @throws SignalboxError `resource_invalid` for one of another type
   */
  put(resource: Resource): void {
    this.update(new Map([[resource.name, resource]]));
  }

  /** Removes a resource; one that is not there is no error. */
  delete(name: string): void {
    this.update(new Map([[name, undefined]]));
  }

  /**
   * Puts and removes several at once, at the cost of the change.
   * @param changes new and changed resources by name; undefined removes
   * @throws SignalboxError `resource_invalid` for one of another type; nothing is changed then
   */
  update(changes: ResourceChanges): void {
    for (const resource of changes.values()) if (resource !== undefined) this.#check(resource);
    this.snapshots.updateResources(LINEAR_GROUP, new Map([[this.typeUrl, changes]]));
  }

  /**
   * Replaces everything. Resources that are equal to those before count as unchanged.
   * @throws SignalboxError `resource_invalid` for one of another type; nothing is changed then
   */
  replace(resources: Iterable<Resource>): void {
    const all = [...resources];
    for (const resource of all) this.#check(resource);
    this.snapshots.setSnapshot(LINEAR_GROUP, Snapshot.of(all));
  }

  /** How the proxies stand that servers of this cache serve now. */
  status(): readonly ProxyStatus[] {
    return this.snapshots.status();
  }

  /** Its changes, see {@link SnapshotCache.changes}. */
  changes(signal?: AbortSignal): AsyncGenerator<CacheChange, void, void> {
    return this.snapshots.changes(signal);
  }

  #set(): ResourceSet {
    return this.snapshots.getSnapshot(LINEAR_GROUP)?.set(this.typeUrl) ?? ResourceSet.EMPTY;
  }

  #check({ typeUrl, name }: Resource): void {
    if (typeUrl === this.typeUrl) return;
    throw new SignalboxError(
      'resource_invalid',
      `"${name}" is of ${typeUrl}, the cache holds ${this.typeUrl}`,
    );
  }
}
