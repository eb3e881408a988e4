import { type ReadInstance, withoutDuplicates } from '../../model/read-instance.js';
import type { ServiceState } from '../source.js';
import { type EurekaApplication, isRecord } from './eureka-answer.js';
import { readEurekaInstance, statusOf } from './eureka-instance.js';

interface Known {
  readonly status: string;
  readonly read: ReadInstance;
}

/** A copy of what Eureka holds, kept by full reads and by deltas, as Eureka's own clients do. */
export class EurekaMapping {
  readonly #applications = new Map<string, Map<string, Known>>();
  readonly #touched = new Set<string>();
  /** Each service as it was given out last. */
  readonly #told = new Map<string, string>();

  constructor(private readonly defaultWeight: number) {}

  /** Takes the answer of `/apps`. */
  replace(applications: readonly EurekaApplication[]): void {
    for (const name of this.#applications.keys()) this.#touched.add(name);
    this.#applications.clear();
    for (const { name, instances } of applications)
      for (const [index, item] of instances.entries()) this.#put(name, item, index);
  }

  /** Takes the answer of `/apps/delta`: what changed in the last minutes, oldest first, known changes included. */
  apply(applications: readonly EurekaApplication[]): void {
    for (const { name, instances } of applications) {
      for (const [index, item] of instances.entries()) {
        if (isRecord(item) && item.actionType === 'DELETED') this.#drop(name, idOf(item, index));
        else this.#put(name, item, index);
      }
    }
  }

  /** What `apps__hashcode` must be for this copy. */
  get hash(): string {
    const counts = new Map<string, number>();
    for (const instances of this.#applications.values())
      for (const { status } of instances.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
    return [...counts.keys()]
      .sort()
      .map((status) => `${status}_${counts.get(status)}_`)
      .join('');
  }

  /** The services that are not as they were when this was called last; undefined for those that are gone. */
  takeChanges(): ReadonlyMap<string, ServiceState | undefined> {
    const changes = new Map<string, ServiceState | undefined>();
    for (const name of this.#touched) {
      const state = this.#state(name);
      const text = state === undefined ? undefined : JSON.stringify(state);
      if (text === this.#told.get(name)) continue;
      if (text === undefined) this.#told.delete(name);
      else this.#told.set(name, text);
      changes.set(name, state);
    }
    this.#touched.clear();
    return changes;
  }

  #put(name: string, item: unknown, index: number): void {
    const instances = this.#applications.get(name) ?? new Map<string, Known>();
    instances.set(idOf(item, index), {
      status: statusOf(item),
      read: readEurekaInstance(item, this.defaultWeight),
    });
    this.#applications.set(name, instances);
    this.#touched.add(name);
  }

  #drop(name: string, id: string): void {
    const instances = this.#applications.get(name);
    if (instances?.delete(id) !== true) return;
    if (instances.size === 0) this.#applications.delete(name);
    this.#touched.add(name);
  }

  #state(name: string): ServiceState | undefined {
    const instances = this.#applications.get(name);
    if (instances === undefined) return undefined;
    // By their ids, so that which of two equal addresses stays does not hang on the order of the answer.
    const reads = [...instances].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { read }]) => read);
    const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
    return {
      instances: unique.instances,
      filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
    };
  }
}

/** Servers before 1.6 give no id; there an instance is its host. */
function idOf(item: unknown, index: number): string {
  const id = isRecord(item) ? (item.instanceId ?? item.hostName) : undefined;
  return typeof id === 'string' && id !== '' ? id : `#${index}`;
}
