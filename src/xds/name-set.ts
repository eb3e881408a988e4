import { createHash } from 'node:crypto';
import { type Digest, digest, digestText, minus, plus, ZERO } from '../snapshot/content-hash.js';
import { PersistentMap } from '../snapshot/persistent-map.js';

/** An immutable set of resource names. Equal sets of one {@link NameTable} are one object, so that streams share them. */
export class NameSet {
  static #ids = 0;
  static readonly EMPTY = new NameSet(PersistentMap.empty(), ZERO);

  /** Names this very object, for caches of what was worked out from it. */
  readonly id = ++NameSet.#ids;

  /** Use {@link NameTable} to make one. */
  constructor(
    readonly names: PersistentMap<true>,
    readonly digest: Digest,
  ) {}

  get size(): number {
    return this.names.size;
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.names.keys();
  }
}

/**
 * Makes name sets and keeps equal ones one. A thousand proxies that ask for the same names, as the bytes of their
 * requests show, cost the decoding of one.
 */
export class NameTable {
  /** The set of `*` alone. */
  readonly star: NameSet;
  readonly #byContent = new Map<string, WeakRef<NameSet>>();
  readonly #byBytes = new Map<string, WeakRef<NameSet>>();
  readonly #unions = new WeakMap<NameSet, WeakMap<NameSet, NameSet>>();
  readonly #differences = new WeakMap<NameSet, WeakMap<NameSet, NameSet>>();
  readonly #gone = new FinalizationRegistry<() => void>((forget) => forget());

  constructor() {
    this.star = this.of(['*']);
  }

  of(names: Iterable<string>): NameSet {
    return this.#changed(NameSet.EMPTY, names, true);
  }

  /** The names that encoded bytes stand for; `decode` is called only for bytes not met before. */
  ofBytes(bytes: Uint8Array, decode: () => Iterable<string>): NameSet {
    const key = createHash('sha1').update(bytes).digest('base64');
    const known = this.#byBytes.get(key)?.deref();
    if (known !== undefined) return known;
    const set = this.of(decode());
    this.#remember(this.#byBytes, key, set);
    return set;
  }

  union(set: NameSet, more: NameSet): NameSet {
    if (more.size === 0 || more === set) return set;
    if (set.size === 0) return more;
    return memo(this.#unions, set, more, () => this.#changed(set, more, true));
  }

  /** `set` without the names of `less`. */
  difference(set: NameSet, less: NameSet): NameSet {
    if (less.size === 0 || set.size === 0) return set;
    if (less === set) return NameSet.EMPTY;
    return memo(this.#differences, set, less, () => this.#changed(set, less, false));
  }

  /** The names in both. */
  intersection(set: NameSet, other: NameSet): NameSet {
    if (set === other) return set;
    return this.difference(set, this.difference(set, other));
  }

  #changed(set: NameSet, names: Iterable<string>, present: boolean): NameSet {
    const changes = new Map<string, true | undefined>();
    let sum = set.digest;
    for (const name of names) {
      if (set.has(name) === present || changes.has(name)) continue;
      changes.set(name, present ? true : undefined);
      sum = present ? plus(sum, digest(name)) : minus(sum, digest(name));
    }
    if (changes.size === 0) return set;
    const key = digestText(sum);
    const known = this.#byContent.get(key)?.deref();
    if (known !== undefined) return known;
    const made = new NameSet(set.names.with(changes), sum);
    if (made.size === 0) return NameSet.EMPTY;
    this.#remember(this.#byContent, key, made);
    return made;
  }

  #remember(table: Map<string, WeakRef<NameSet>>, key: string, set: NameSet): void {
    table.set(key, new WeakRef(set));
    this.#gone.register(set, () => {
      if (table.get(key)?.deref() === undefined) table.delete(key);
    });
  }
}

function memo(
  table: WeakMap<NameSet, WeakMap<NameSet, NameSet>>,
  first: NameSet,
  second: NameSet,
  make: () => NameSet,
): NameSet {
  let ofFirst = table.get(first);
  if (ofFirst === undefined) {
    ofFirst = new WeakMap();
    table.set(first, ofFirst);
  }
  let result = ofFirst.get(second);
  if (result === undefined) {
    result = make();
    ofFirst.set(second, result);
  }
  return result;
}
