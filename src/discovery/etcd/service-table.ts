import type { FilteredInstance, Instance } from '../../model/instance.js';
import { type ReadInstance, withoutDuplicates } from '../../model/read-instance.js';
import type { ServiceState } from '../source.js';
import { readEntry, readEntryKey } from './service-entry.js';

/** The services that a prefix's keys make up. One key's change is decoded once and touches one service. */
export class ServiceTable {
  readonly #services = new Map<string, Map<string, ReadInstance>>();
  readonly #touched = new Set<string>();

  constructor(private readonly defaultWeight: number) {}

  /**
   * @param key the key without the prefix
   * @param value undefined where the key is gone
   * @returns false for a key that is in no service
   */
  change(key: string, value: string | undefined): boolean {
    const place = readEntryKey(key);
    if (place === undefined) return false;
    const { service, entry } = place;
    // By the whole key: two keys may differ in slashes alone.
    const entries = this.#services.get(service) ?? new Map<string, ReadInstance>();
    if (value === undefined) entries.delete(key);
    else entries.set(key, readEntry(entry, value, this.defaultWeight));
    if (entries.size > 0) this.#services.set(service, entries);
    else this.#services.delete(service);
    this.#touched.add(service);
    return true;
  }

  /** The services touched since the last call; undefined for one that is gone. */
  takeTouched(): readonly (readonly [service: string, state: ServiceState | undefined])[] {
    const touched = Array.from(this.#touched, (service) => {
      const entries = this.#services.get(service);
      return [service, entries === undefined ? undefined : stateOf(entries)] as const;
    });
    this.#touched.clear();
    return touched;
  }
}

function stateOf(entries: ReadonlyMap<string, ReadInstance>): ServiceState {
  const served: Instance[] = [];
  const filtered: FilteredInstance[] = [];
  // In the keys' order, whatever the order of their events, so that of two with one address the same one stays.
  for (const [, read] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (read.instance !== undefined) served.push(read.instance);
    else filtered.push(read.filtered);
  }
  const { instances, filtered: duplicates } = withoutDuplicates(served);
  return { instances, filtered: [...filtered, ...duplicates] };
}
