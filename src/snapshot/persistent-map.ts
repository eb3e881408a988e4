const WIDTH = 32;

type Leaf<V> = ReadonlyMap<string, V>;
type Branch<V> = readonly (Leaf<V> | undefined)[];
type Root<V> = readonly (Branch<V> | undefined)[];

/**
 * An immutable map from names. A changed copy shares all that did not change, so that a copy costs as much as the
 * change and two versions are compared by looking at what they do not share. The order of iteration depends on the
 * content alone.
 */
export class PersistentMap<V> {
  static readonly #empty = new PersistentMap<never>([], 0);

  readonly #root: Root<V>;
  readonly size: number;

  private constructor(root: Root<V>, size: number) {
    this.#root = root;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return PersistentMap.#empty;
  }

  get(name: string): V | undefined {
    const hash = hashOf(name);
    return this.#root[hash % WIDTH]?.[(hash >>> 5) % WIDTH]?.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** A copy with these entries put, or removed where the value is undefined. */
  with(changes: Iterable<readonly [string, V | undefined]>): PersistentMap<V> {
    const root: (Branch<V> | undefined)[] = this.#root.slice();
    const copied = new Map<number, (Leaf<V> | undefined)[]>();
    const touched = new Map<number, Map<string, V>>();
    let size = this.size;
    for (const [name, value] of changes) {
      const hash = hashOf(name) % (WIDTH * WIDTH);
      let leaf = touched.get(hash);
      if (leaf === undefined) {
        leaf = new Map(this.#root[hash % WIDTH]?.[hash >>> 5]);
        touched.set(hash, leaf);
      }
      const before = leaf.size;
      if (value === undefined) leaf.delete(name);
      else leaf.set(name, value);
      size += leaf.size - before;
    }
    for (const [hash, leaf] of touched) {
      const slot = hash % WIDTH;
      let branch = copied.get(slot);
      if (branch === undefined) {
        branch = this.#root[slot]?.slice() ?? [];
        copied.set(slot, branch);
        root[slot] = branch;
      }
      branch[hash >>> 5] = sorted(leaf);
    }
    return touched.size === 0 ? this : new PersistentMap(root, size);
  }

  /** The names whose values differ between this and `other`, at the cost of what the two do not share. */
  differing(other: PersistentMap<V>): string[] {
    const names: string[] = [];
    for (let slot = 0; slot < WIDTH; slot += 1) {
      const mine = this.#root[slot];
      const theirs = other.#root[slot];
      if (mine === theirs) continue;
      for (let place = 0; place < WIDTH; place += 1) compareLeaves(mine?.[place], theirs?.[place], names);
    }
    return names;
  }

  *[Symbol.iterator](): Generator<[string, V]> {
    for (const branch of this.#root) {
      if (branch === undefined) continue;
      for (const leaf of branch) if (leaf !== undefined) yield* leaf;
    }
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name;
  }

  *values(): Generator<V> {
    for (const [, value] of this) yield value;
  }
}

function compareLeaves<V>(mine: Leaf<V> | undefined, theirs: Leaf<V> | undefined, names: string[]): void {
  if (mine === theirs) return;
  if (mine !== undefined) for (const [name, value] of mine) if (theirs?.get(name) !== value) names.push(name);
  if (theirs !== undefined) for (const name of theirs.keys()) if (mine?.has(name) !== true) names.push(name);
}

function sorted<V>(leaf: ReadonlyMap<string, V>): Leaf<V> {
  if (leaf.size < 2) return leaf;
  return new Map([...leaf].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** FNV-1a over UTF-16 units, with a last mix since only ten bits of it are used. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 15) ^ hash) >>> 0;
}
