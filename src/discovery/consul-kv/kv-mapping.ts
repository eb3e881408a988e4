import { type ReadInstance, withoutDuplicates } from '../../model/read-instance.js';
import type { ServiceState } from '../source.js';
import type { KeyReader } from './key.js';
import type { KvEntry } from './kv-answer.js';
import { readKvInstance } from './kv-instance.js';

interface Known {
  readonly value: string | null;
  readonly service: string;
  readonly read: ReadInstance;
}

/** Turns whole answers of one server into the services that changed since the answer before. */
export class KvMapping {
  readonly #byKey = new Map<string, Known | undefined>();
  readonly #keysByService = new Map<string, Set<string>>();
  #decoded = 0;

  constructor(
    private readonly keys: KeyReader,
    private readonly defaultWeight: number,
  ) {}

  /** How many values were decoded so far. */
  get decoded(): number {
    return this.#decoded;
  }

  /**
   * Takes an answer in. Only values that differ from before are decoded. The encoded text is compared and not the
   * ModifyIndex: a server that lost its state counts anew, and may reach the same index with another value.
   * @returns the services that changed, with undefined for those that have no key any more
   */
  apply(entries: readonly KvEntry[]): ReadonlyMap<string, ServiceState | undefined> {
    const changed = new Set<string>();
    const present = new Set<string>();
    for (const { key, value } of entries) {
      present.add(key);
      const known = this.#byKey.get(key);
      if (known === undefined && this.#byKey.has(key)) continue;
      if (known === undefined || known.value !== value) this.#learn(key, value, changed);
    }
    if (present.size < this.#byKey.size) {
      for (const key of [...this.#byKey.keys()].filter((key) => !present.has(key)))
        this.#forget(key, changed);
    }
    return new Map([...changed].map((service) => [service, this.#state(service)]));
  }

  #learn(key: string, value: string | null, changed: Set<string>): void {
    const place = this.keys.read(key);
    if (place === undefined) {
      this.#byKey.set(key, undefined);
      return;
    }
    const { service, address } = place;
    this.#decoded += 1;
    this.#byKey.set(key, { value, service, read: readKvInstance(address, value, this.defaultWeight) });
    const keys = this.#keysByService.get(service);
    if (keys === undefined) this.#keysByService.set(service, new Set([key]));
    else keys.add(key);
    changed.add(service);
  }

  #forget(key: string, changed: Set<string>): void {
    const known = this.#byKey.get(key);
    this.#byKey.delete(key);
    if (known === undefined) return;
    const keys = this.#keysByService.get(known.service);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysByService.delete(known.service);
    changed.add(known.service);
  }

  #state(service: string): ServiceState | undefined {
    const keys = this.#keysByService.get(service);
    if (keys === undefined) return undefined;
    // Sorted, so that which of two equal addresses stays does not hang on which came first.
    const reads = [...keys].sort().flatMap((key) => this.#byKey.get(key)?.read ?? []);
    const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
    return {
      instances: unique.instances,
      filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
    };
  }
}
