import { type Digest, digestText, minus, plus, ZERO } from '../snapshot/content-hash.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { NameSet, type NameTable } from './name-set.js';

/** What a stream asks for of one type: everything, some names, or both. Equal subscriptions are one object. */
export class Subscription {
  static readonly #named = new WeakMap<NameSet, Subscription>();
  static readonly #wildcards = new WeakMap<NameSet, Subscription>();
  static #ids = 0;
  static readonly NONE = Subscription.of(false, NameSet.EMPTY);

  readonly id = ++Subscription.#ids;
  #last: { readonly set: ResourceSet; readonly digest: Digest } | undefined;

  private constructor(
    readonly wildcard: boolean,
    readonly names: NameSet,
  ) {}

  static of(wildcard: boolean, names: NameSet): Subscription {
    const table = wildcard ? Subscription.#wildcards : Subscription.#named;
    let subscription = table.get(names);
    if (subscription === undefined) {
      subscription = new Subscription(wildcard, names);
      table.set(names, subscription);
    }
    return subscription;
  }

  covers(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  /** Those of these names that it covers. */
  coveredOf(names: NameSet, table: NameTable): NameSet {
    return this.wildcard ? names : table.intersection(names, this.names);
  }

  /** The version of a set as this subscription sees it: the hash of what it covers, whichever stream asks. */
  versionOf(set: ResourceSet): string {
    if (this.wildcard) return set.version;
    if (this.#last?.set !== set) this.#last = { set, digest: this.#digestOf(set) };
    return digestText(this.#last.digest);
  }

  #digestOf(set: ResourceSet): Digest {
    const last = this.#last;
    if (last === undefined) return this.#digestOfAll(set);
    const changed = set.differencesFrom(last.set);
    if (changed.length > this.names.size) return this.#digestOfAll(set);
    let sum = last.digest;
    for (const name of changed) {
      if (!this.names.has(name)) continue;
      sum = plus(minus(sum, last.set.get(name)?.digest ?? ZERO), set.get(name)?.digest ?? ZERO);
    }
    return sum;
  }

  #digestOfAll(set: ResourceSet): Digest {
    let sum = ZERO;
    for (const name of this.names) sum = plus(sum, set.get(name)?.digest ?? ZERO);
    return sum;
  }
}
