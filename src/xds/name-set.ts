import { createHash } from 'node:crypto';
import { hashOf, PersistentMap } from '../snapshot/persistent-map.js';
import { atOnce, Piece, type Steps } from '../snapshot/steps.js';

/** Approximate overhead of a name, bytes. */
const ENTRY = 64;
/** Lists of names whose bytes are known; that of each proxy of a large fleet may be another one. */
const MOST_LISTS = 16_384;

/** An immutable set of resource names. Equal sets of one {@link NameTable} are one object, so that streams share them. */
export class NameSet {
  static #ids = 0;
  static readonly EMPTY = new NameSet(PersistentMap.empty(), 0, 0);

  /** Names this very object, for caches of what was worked out from it. */
  readonly id = ++NameSet.#ids;

  /** Use {@link NameTable} to make one. */
  constructor(
    readonly names: PersistentMap<true>,
    /** The sum of the names' hashes: equal sets have the same. */
    readonly sum: number,
    /** Of the names in UTF-8. */
    readonly bytes: number,
  ) {}

  /** Approximate size, bytes. */
  get weight(): number {
    return this.bytes + ENTRY * this.size;
  }

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
    return atOnce(this.ofInSteps(names));
  }

  *ofInSteps(names: Iterable<string>): Steps<NameSet> {
    return yield* this.#changed(NameSet.EMPTY, names, true);
  }

  /**
   * The names that encoded bytes stand for.
   * @param decode called only for bytes not met before
   */
  *ofBytes(bytes: Uint8Array, decode: () => Iterable<string>): Steps<NameSet> {
    const key = createHash('sha1').update(bytes).digest('base64');
    const known = this.#byBytes.get(key)?.deref();
    if (known !== undefined) return known;
    const set = yield* this.ofInSteps(decode());
    this.#remember(this.#byBytes, key, set);
    // Very many lists may say one set, which may live for ever.
    if (this.#byBytes.size > MOST_LISTS) this.#byBytes.delete(this.#byBytes.keys().next().value ?? '');
    return set;
  }

  union(set: NameSet, more: NameSet): NameSet {
    return atOnce(this.unionInSteps(set, more));
  }

  /** As {@link union}. What has been worked out once is there at once. */
  *unionInSteps(set: NameSet, more: NameSet): Steps<NameSet> {
    if (more.size === 0 || more === set) return set;
    if (set.size === 0) return more;
    const known = this.#unions.get(set)?.get(more);
    if (known !== undefined) return known;
    const union = yield* this.#changed(set, more, true);
    memorize(this.#unions, set, more, union);
    return union;
  }

  /** `set` without the names of `less`. */
  difference(set: NameSet, less: NameSet): NameSet {
    return atOnce(this.differenceInSteps(set, less));
  }

  /** As {@link difference}. What has been worked out once is there at once. */
  *differenceInSteps(set: NameSet, less: NameSet): Steps<NameSet> {
    if (less.size === 0 || set.size === 0) return set;
    if (less === set) return NameSet.EMPTY;
    const known = this.#differences.get(set)?.get(less);
    if (known !== undefined) return known;
    const [few, many] = less.size < set.size ? [less, set] : [set, less];
    const both = yield* common(few, many);
    const difference = yield* this.#changed(set, both, false);
    memorize(this.#differences, set, less, difference);
    return difference;
  }

  /** The names in both. */
  intersection(set: NameSet, other: NameSet): NameSet {
    return atOnce(this.intersectionInSteps(set, other));
  }

  /** As {@link intersection}. What has been worked out once is there at once. */
  *intersectionInSteps(set: NameSet, other: NameSet): Steps<NameSet> {
    if (set === other) return set;
    return yield* this.differenceInSteps(set, yield* this.differenceInSteps(set, other));
  }

  *#changed(set: NameSet, names: Iterable<string>, present: boolean): Steps<NameSet> {
    const changes = new Set<string>();
    let { sum, bytes } = set;
    const piece = new Piece();
    for (const name of names) {
      if (piece.endsWith(name)) yield;
      if (changes.has(name) || set.has(name) === present) continue;
      changes.add(name);
      bytes += present ? Buffer.byteLength(name) : -Buffer.byteLength(name);
      sum = (present ? sum + hashOf(name) : sum - hashOf(name)) >>> 0;
    }
    if (changes.size === 0) return set;
    if (!present && changes.size === set.size) return NameSet.EMPTY;
    return this.#one(yield* set.names.withAllInSteps(changes, present ? true : undefined), sum, bytes);
  }

  /** The set that is equal to this one, if there is one. */
  #one(names: PersistentMap<true>, sum: number, bytes: number): NameSet {
    const key = `${names.size} ${sum}`;
    const known = this.#byContent.get(key)?.deref();
    if (known?.names.equals(names) === true) return known;
    const made = new NameSet(names, sum, bytes);
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

/** The names of a set that another has too. */
function* common(set: NameSet, other: NameSet): Steps<string[]> {
  const found: string[] = [];
  const piece = new Piece();
  for (const name of set) {
    if (piece.endsWith(name)) yield;
    if (other.has(name)) found.push(name);
  }
  return found;
}

function memorize(
  table: WeakMap<NameSet, WeakMap<NameSet, NameSet>>,
  first: NameSet,
  second: NameSet,
  result: NameSet,
): void {
  let ofFirst = table.get(first);
  if (ofFirst === undefined) {
    ofFirst = new WeakMap();
    table.set(first, ofFirst);
  }
  ofFirst.set(second, result);
}
