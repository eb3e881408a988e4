import { NameSet, type NameTable } from './name-set.js';
import { NamesByType } from './names-by-type.js';
import type { StreamState } from './stream-state.js';
import { type TypeState, touchedBy } from './type-state.js';

/** All that is remembered, bytes: names are the clients' own words. */
const MOST_BYTES = 32 * 2 ** 20;
/** Approximate overhead of an entry, bytes. */
const OVERHEAD = 100;
/** Milliseconds: a proxy that was away for longer starts anew. */
const REMEMBERED = 600_000;

/** The most bytes of names that are remembered per type. Beyond that the whole type is in doubt. */
const MOST_OF_TYPE = 2 ** 20;

interface Doubt {
  readonly names: NamesByType;
  /** Types that are wholly in doubt. */
  readonly whole: ReadonlySet<string>;
  readonly bytes: number;
  /** Milliseconds of the clock. */
  readonly at: number;
}

const NONE: Pick<Doubt, 'names' | 'whole'> = { names: NamesByType.NONE, whole: new Set() };

/**
 * What proxies may or may not have after a stream was lost: what they were sent and did not acknowledge, and what they
 * rejected. An Envoy applies part of a response that it rejects and reports the versions from before, which look right.
 * Several proxies may have one node id, so that a stream that came back does not settle the matter.
 */
export class Doubts {
  /** By node, the oldest first. */
  readonly #nodes = new Map<string, Doubt>();
  #bytes = 0;

  /**
   * @param now milliseconds
   * @param most bytes that are remembered
   */
  constructor(
    private readonly table: NameTable,
    private readonly now: () => number = () => performance.now(),
    private readonly most = MOST_BYTES,
  ) {}

  /** A stream of a node was lost in this state. */
  remember(node: string, state: StreamState): void {
    const before = this.#of(node);
    let { names } = before;
    const whole = new Set(before.whole);
    for (const type of state.types.values()) {
      const { typeUrl } = type;
      if (whole.has(typeUrl)) continue;
      const doubtful = this.#with(names.get(typeUrl), type);
      if (doubtful === undefined) whole.add(typeUrl);
      names = names.with(typeUrl, doubtful ?? NameSet.EMPTY);
    }
    if (names === before.names && whole.size === before.whole.size) return;
    this.#forget(node);
    const bytes = bytesOf(node, names, whole);
    this.#nodes.set(node, { names, whole, bytes, at: this.now() });
    this.#bytes += bytes;
    for (const oldest of this.#nodes.keys()) {
      if (this.#bytes <= this.most) break;
      this.#forget(oldest);
    }
  }

  /** What a node that came back is to be sent of a type whatever it says that it has. */
  of(node: string, typeUrl: string): NameSet {
    return this.#of(node).names.get(typeUrl);
  }

  /** Whether the claims of a returning node about a type must be ignored. */
  isWhole(node: string, typeUrl: string): boolean {
    return this.#of(node).whole.has(typeUrl);
  }

  #forget(node: string): void {
    this.#bytes -= this.#nodes.get(node)?.bytes ?? 0;
    this.#nodes.delete(node);
  }

  #of(node: string): Pick<Doubt, 'names' | 'whole'> {
    const doubt = this.#nodes.get(node);
    return doubt === undefined || this.now() - doubt.at > REMEMBERED ? NONE : doubt;
  }

  /** @returns undefined for too many names: the whole type is then in doubt */
  #with(names: NameSet, type: TypeState): NameSet | undefined {
    if (names.weight + mostDoubtful(type) > MOST_OF_TYPE) return undefined;
    const all = this.table.union(names, this.#doubtful(type));
    return all.weight > this.most / 10 ? undefined : all;
  }

  #doubtful({ doubtful, owed, nonce, outstanding, rejected }: TypeState): NameSet {
    let names = nonce === '' ? doubtful : this.table.union(doubtful, owed);
    for (const { response } of outstanding) names = this.table.union(names, touchedBy(response, this.table));
    return rejected.size === 0 ? names : this.table.union(names, this.table.of(rejected.keys()));
  }
}

/** An upper bound on the size of a type's doubtful names, bytes, found without iterating over them. */
function mostDoubtful({ doubtful, owed, nonce, outstanding }: TypeState): number {
  const waiting = nonce === '' ? 0 : owed.weight;
  const sent = outstanding.map(({ response }) => response.weight + OVERHEAD * response.resources.length);
  return doubtful.weight + waiting + sent.reduce((sum, weight) => sum + weight, 0);
}

function bytesOf(node: string, names: NamesByType, whole: ReadonlySet<string>): number {
  let bytes = OVERHEAD + node.length;
  for (const set of names.sets()) bytes += OVERHEAD + set.weight;
  for (const typeUrl of whole) bytes += OVERHEAD + typeUrl.length;
  return bytes;
}
