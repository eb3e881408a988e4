import { addressOf, type Instance } from '../../model/instance.js';
import { withoutDuplicates } from '../../model/read-instance.js';
import type { ServiceState } from '../source.js';
import { readNacosInstance } from './nacos-instance.js';
import { type NacosScope, type NacosService, serviceText } from './scope.js';

/** What the source has told so far, so that only what changes is told again. */
export class ServiceTable {
  readonly #known = new Map<string, { readonly key: NacosService; readonly text: string }>();

  constructor(private readonly defaultWeight: number) {}

  /** The services of a scope that the catalogue was told of. */
  services(scope: NacosScope): readonly string[] {
    return [...this.#known.values()]
      .filter(({ key }) => key.namespace === scope.namespace && key.group === scope.group)
      .map(({ key }) => key.service);
  }

  /** The state to tell, or undefined where nothing changed. */
  put(key: NacosService, entries: readonly unknown[]): ServiceState | undefined {
    const state = this.#state(entries);
    const text = JSON.stringify(state);
    const name = serviceText(key);
    if (this.#known.get(name)?.text === text) return undefined;
    this.#known.set(name, { key, text });
    return state;
  }

  /** Whether there was such a service. */
  remove(key: NacosService): boolean {
    return this.#known.delete(serviceText(key));
  }

  #state(entries: readonly unknown[]): ServiceState {
    const reads = entries.map((entry) => readNacosInstance(entry, this.defaultWeight));
    // Sorted, since the server's order changes by itself, and by cluster too, since that decides between equals.
    const served = reads.flatMap(({ instance }) => instance ?? []).sort(byAddressAndCluster);
    const unique = withoutDuplicates(served);
    const filtered = reads.flatMap((read) => read.filtered ?? []);
    filtered.sort((a, b) => compare(a.address, b.address) || compare(a.detail, b.detail));
    return { instances: unique.instances, filtered: [...filtered, ...unique.filtered] };
  }
}

function byAddressAndCluster(a: Instance, b: Instance): number {
  return compare(addressOf(a), addressOf(b)) || compare(a.cluster ?? '', b.cluster ?? '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
