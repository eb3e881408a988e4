import { Piece, type Steps } from './steps.js';

const WIDTH_BITS = 5;
const WIDTH = 1 << WIDTH_BITS;
/** A part with more entries than this is divided by the next bits of the hash; one with fewer is not. */
const LARGEST_LEAF = 32;
/** No bits are left below: names of one hash share a leaf, however many they are. */
const LOWEST = 30;

type Leaf<V> = ReadonlyMap<string, V>;
type Part<V> = Leaf<V> | Branch<V> | undefined;

class Branch<V> {
  constructor(
    readonly parts: readonly Part<V>[],
    readonly size: number,
  ) {}
}

interface Change<V> {
  readonly name: string;
  /** Undefined removes. */
  readonly value: V | undefined;
  readonly hash: number;
}

/**
 * An immutable map from names. A changed copy shares all that did not change, so that a copy costs as much as the
 * change and two versions are compared by looking at what they do not share. The order of iteration depends on the
 * content alone, and so does the tree inside.
 */
export class PersistentMap<V> {
  readonly #root: Part<V>;
  readonly size: number;

  private constructor(root: Part<V>) {
    this.#root = root;
    this.size = root?.size ?? 0;
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap(undefined);
  }

  get(name: string): V | undefined {
    let part = this.#root;
    if (part instanceof Branch) {
      const hash = hashOf(name);
      for (let shift = 0; part instanceof Branch; shift += WIDTH_BITS) part = part.parts[slotOf(hash, shift)];
    }
    return part?.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** A copy with these entries put, or removed where the value is undefined. */
  with(changes: Iterable<readonly [string, V | undefined]>): PersistentMap<V> {
    const hashed: Change<V>[] = [];
    for (const [name, value] of changes) hashed.push({ name, value, hash: hashOf(name) });
    return this.#changed(hashed);
  }

  /** A copy with one value put for all of these names, or with all of them removed where it is undefined. */
  withAll(names: Iterable<string>, value: V | undefined): PersistentMap<V> {
    const hashed: Change<V>[] = [];
    for (const name of names) hashed.push({ name, value, hash: hashOf(name) });
    return this.#changed(hashed);
  }

  /** As {@link withAll}, in steps, for very many names. */
  *withAllInSteps(names: Iterable<string>, value: V | undefined): Steps<PersistentMap<V>> {
    const groups: Change<V>[][] = [];
    const piece = new Piece();
    let isLong = false;
    for (const name of names) {
      const hash = hashOf(name);
      const slot = slotOf(hash, 0);
      const group = groups[slot];
      const change = { name, value, hash };
      if (group === undefined) groups[slot] = [change];
      else group.push(change);
      if (!piece.endsWith(name)) continue;
      isLong = true;
      yield;
    }
    let root = this.#root;
    for (const group of groups) {
      if (group === undefined) continue;
      root = changed(root, group, 0);
      if (isLong) yield;
    }
    return new PersistentMap(root);
  }

  /** The names whose values differ between this and `other`, at the cost of what the two do not share. */
  differing(other: PersistentMap<V>): string[] {
    const names: string[] = [];
    compare(this.#root, other.#root, 0, (name) => {
      names.push(name);
      return true;
    });
    return names;
  }

  /** Whether both have the same names with the same values, at the cost of what the two do not share. */
  equals(other: PersistentMap<V>): boolean {
    return this.size === other.size && compare(this.#root, other.#root, 0, () => false);
  }

  *[Symbol.iterator](): Generator<[string, V]> {
    for (const leaf of leavesOf(this.#root)) yield* leaf;
  }

  *keys(): Generator<string> {
    for (const leaf of leavesOf(this.#root)) yield* leaf.keys();
  }

  *values(): Generator<V> {
    for (const leaf of leavesOf(this.#root)) yield* leaf.values();
  }

  #changed(changes: readonly Change<V>[]): PersistentMap<V> {
    return changes.length === 0 ? this : new PersistentMap(changed(this.#root, changes, 0));
  }
}

/** A part with changes made, of which a later one wins. It is a branch if, and only if, it has too much for a leaf. */
function changed<V>(part: Part<V>, changes: readonly Change<V>[], shift: number): Part<V> {
  if (part instanceof Branch) return branch(part.parts, changes, shift);
  if (shift >= LOWEST || changes.length <= LARGEST_LEAF) {
    const leaf = new Map(part);
    for (const { name, value } of changes) {
      if (value === undefined) leaf.delete(name);
      else leaf.set(name, value);
    }
    if (shift >= LOWEST || leaf.size <= LARGEST_LEAF) return sorted([...leaf]);
  }
  return branch([], [...changesTo(part), ...changes], shift);
}

function branch<V>(parts: readonly Part<V>[], changes: readonly Change<V>[], shift: number): Part<V> {
  const groups: Change<V>[][] = [];
  for (const change of changes) {
    const slot = slotOf(change.hash, shift);
    const group = groups[slot];
    if (group === undefined) groups[slot] = [change];
    else group.push(change);
  }
  const after: Part<V>[] = [];
  let size = 0;
  for (let slot = 0; slot < WIDTH; slot += 1) {
    const group = groups[slot];
    const part = group === undefined ? parts[slot] : changed(parts[slot], group, shift + WIDTH_BITS);
    after.push(part);
    size += part?.size ?? 0;
  }
  if (size > LARGEST_LEAF) return new Branch(after, size);
  return sorted(after.flatMap((part) => leavesOf(part)).flatMap((leaf) => [...leaf]));
}

function changesTo<V>(leaf: Leaf<V> | undefined): Change<V>[] {
  return leaf === undefined ? [] : [...leaf].map(([name, value]) => ({ name, value, hash: hashOf(name) }));
}

function sorted<V>(entries: [string, V][]): Leaf<V> | undefined {
  if (entries.length === 0) return undefined;
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All leaves, in the order of their hashes. */
function leavesOf<V>(part: Part<V>, found: Leaf<V>[] = []): Leaf<V>[] {
  if (part instanceof Branch) for (const below of part.parts) leavesOf<V>(below, found);
  else if (part !== undefined) found.push(part);
  return found;
}

/**
 * Tells the names whose values differ.
 * @param tell whether to go on
 * @returns false if it was not gone on
 */
function compare<V>(mine: Part<V>, theirs: Part<V>, shift: number, tell: (name: string) => boolean): boolean {
  if (mine === theirs) return true;
  if (mine instanceof Branch || theirs instanceof Branch) {
    const [left, right] = [partsOf(mine, shift), partsOf(theirs, shift)];
    for (let slot = 0; slot < WIDTH; slot += 1)
      if (!compare(left[slot], right[slot], shift + WIDTH_BITS, tell)) return false;
    return true;
  }
  if (mine !== undefined)
    for (const [name, value] of mine) if (theirs?.get(name) !== value && !tell(name)) return false;
  if (theirs !== undefined)
    for (const name of theirs.keys()) if (mine?.has(name) !== true && !tell(name)) return false;
  return true;
}

/** The parts of a branch, or what they would be if a leaf were one. */
function partsOf<V>(part: Part<V>, shift: number): readonly Part<V>[] {
  if (part instanceof Branch) return part.parts;
  const parts: Map<string, V>[] = [];
  for (const [name, value] of part ?? []) {
    const slot = slotOf(hashOf(name), shift);
    const below = parts[slot];
    if (below === undefined) parts[slot] = new Map([[name, value]]);
    else below.set(name, value);
  }
  return parts;
}

function slotOf(hash: number, shift: number): number {
  return (hash >>> shift) & (WIDTH - 1);
}

/**
 * FNV-1a over UTF-16 units, and a last mix, since names that differ in their last letters alone differ in few bits
 * without it: that of https://github.com/aappleby/smhasher/wiki/MurmurHash3.
 */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
