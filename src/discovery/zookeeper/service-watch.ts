import { SignalboxError } from '../../errors.js';
import { type ReadInstance, withoutDuplicates } from '../../model/read-instance.js';
import type { ServiceState } from '../source.js';
import { DUBBO_CATEGORIES, readDubboUrl } from './dubbo-format.js';
import { readChild } from './instance-format.js';
import { type ReadPayload, readServicePayload } from './json-format.js';
import type { ZooKeeperFormat } from './options.js';
import type { ZnodeWatch, ZnodeWatcher } from './znode-watcher.js';
import type { Found, ZooKeeper } from './zookeeper.js';

export type ServiceOutcome =
  /** Not everything has been read yet. */
  | { readonly kind: 'pending' }
  /** The znode is there and is no service. */
  | { readonly kind: 'none' }
  | { readonly kind: 'state'; readonly state: ServiceState }
  /** It cannot be said what the service is: what was known of it stays. */
  | { readonly kind: 'held'; readonly error: SignalboxError };

export interface ServiceWatchDeps {
  readonly zooKeeper: ZooKeeper;
  readonly watcher: ZnodeWatcher;
  readonly format: ZooKeeperFormat;
  readonly defaultWeight: number;
  /** Called when the outcome may be another. */
  readonly touched: () => void;
}

interface Child {
  readonly watch: ZnodeWatch<string>;
  /** Undefined where the znode is no instance, or was not read. */
  read: ReadInstance | undefined;
}

/** Everything that is read of one service, in whichever format it turns out to be. */
export class ServiceWatch {
  /** The service's own data, in the formats that put instances there. */
  readonly #data: ZnodeWatch<string> | undefined;
  readonly #names: ZnodeWatch<readonly string[]>;
  readonly #children = new Map<string, Child>();
  #providers: ZnodeWatch<readonly string[]> | undefined;
  #providerReads: ReadonlyMap<string, ReadInstance> = new Map();
  #gone = false;

  constructor(
    private readonly path: string,
    private readonly deps: ServiceWatchDeps,
  ) {
    const { zooKeeper, watcher, format } = deps;
    if (format === 'auto' || format === 'json') {
      this.#data = watcher.watch(
        (changed) => zooKeeper.data(path, changed),
        (found) => this.#take(found, () => undefined),
      );
    }
    this.#names = watcher.watch(
      (changed) => zooKeeper.children(path, changed),
      (found) => this.#take(found, (names) => this.#takeNames(names)),
    );
  }

  /**
   * The service was not there when it was read. It has no watch any more, so that this watch is of no use; should the
   * service come again, the list of services says so.
   */
  get gone(): boolean {
    return this.#gone;
  }

  stop(): void {
    for (const watch of this.#watches()) watch.stop();
  }

  outcome(): ServiceOutcome {
    const watches = [...this.#watches()];
    for (const { found } of watches)
      if (found?.kind === 'failed') return { kind: 'held', error: found.error };
    if (this.#names.found?.kind !== 'found' || watches.some(({ found }) => found === undefined)) {
      return { kind: 'pending' };
    }
    const names = this.#names.found.value;
    const payload = this.#payload(names.length > 0);
    if (payload?.problem !== undefined) {
      const error = new SignalboxError('registry_bad_answer', `${this.path}: ${payload.problem}`);
      return { kind: 'held', error };
    }
    const reads = [
      ...(payload?.reads ?? []),
      ...inOrder(this.#children).flatMap(({ read }) => read ?? []),
      ...inOrder(this.#providerReads),
    ];
    const isService = payload !== undefined || reads.length > 0 || names.length === 0;
    return isService || this.#providers !== undefined
      ? { kind: 'state', state: toState(reads) }
      : { kind: 'none' };
  }

  #take<T>(found: Found<T>, value: (value: T) => void): void {
    if (found.kind === 'absent') this.#gone = true;
    if (found.kind === 'found') value(found.value);
    this.deps.touched();
  }

  #takeNames(names: readonly string[]): void {
    const { format } = this.deps;
    const isDubbo =
      (format === 'auto' || format === 'dubbo') && names.some((name) => DUBBO_CATEGORIES.has(name));
    if (!isDubbo || !names.includes('providers')) this.#dropProviders();
    else this.#providers ??= this.#watchProviders();
    const wanted = new Set(isDubbo ? [] : names);
    for (const name of this.#children.keys()) if (!wanted.has(name)) this.#dropChild(name);
    for (const name of wanted)
      if (!this.#children.has(name)) this.#children.set(name, this.#watchChild(name));
  }

  #watchChild(name: string): Child {
    const { zooKeeper, watcher, format, defaultWeight, touched } = this.deps;
    const watch = watcher.watch(
      (changed) => zooKeeper.data(`${this.path}/${name}`, changed),
      (found) => {
        if (found.kind === 'found') child.read = readChild(format, name, found.value, defaultWeight);
        // Not to miss it when it comes again: only an unknown name is read.
        if (found.kind === 'absent') this.#dropChild(name);
        touched();
      },
    );
    const child: Child = { watch, read: undefined };
    return child;
  }

  #watchProviders(): ZnodeWatch<readonly string[]> {
    const { zooKeeper, watcher, defaultWeight, touched } = this.deps;
    return watcher.watch(
      (changed) => zooKeeper.children(`${this.path}/providers`, changed),
      (found) => {
        if (found.kind === 'absent') this.#dropProviders();
        if (found.kind === 'found') {
          const known = this.#providerReads;
          this.#providerReads = new Map(
            found.value.map((name) => [name, known.get(name) ?? readDubboUrl(name, defaultWeight)]),
          );
        }
        touched();
      },
    );
  }

  #dropChild(name: string): void {
    this.#children.get(name)?.watch.stop();
    this.#children.delete(name);
  }

  #dropProviders(): void {
    this.#providers?.stop();
    this.#providers = undefined;
    this.#providerReads = new Map();
  }

  /** Undefined where the service's own data is not meant as instances. */
  #payload(hasChildren: boolean): ReadPayload | undefined {
    const text = this.#data?.found?.kind === 'found' ? this.#data.found.value.trim() : '';
    // Curator, for one, puts the address of whoever made a znode into it.
    const meant = this.deps.format === 'json' ? text !== '' : /^[[{]/.test(text);
    if (!meant) return undefined;
    const payload = readServicePayload(text, this.deps.defaultWeight);
    return payload.problem !== undefined && hasChildren ? undefined : payload;
  }

  *#watches(): Iterable<ZnodeWatch<unknown>> {
    if (this.#data !== undefined) yield this.#data;
    yield this.#names;
    if (this.#providers !== undefined) yield this.#providers;
    for (const { watch } of this.#children.values()) yield watch;
  }
}

/** By name, so that which of two equal addresses stays does not hang on the order in which they came. */
function inOrder<V>(byName: ReadonlyMap<string, V>): readonly V[] {
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

function toState(reads: readonly ReadInstance[]): ServiceState {
  const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
  return {
    instances: unique.instances,
    filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
  };
}
