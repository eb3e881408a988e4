import { NameSet, type NameTable } from './name-set.js';
import { NamesByType } from './names-by-type.js';
import { type TypeState, touchedBy } from './type-state.js';

/** All that is remembered, bytes: names are the clients' own words. */
const MOST_BYTES = 32 * 2 ** 20;
/** Approximate overhead of an entry, bytes. */
const OVERHEAD = 100;
/** Milliseconds: a proxy that was away for longer starts anew. */
const REMEMBERED = 600_000;
/** Milliseconds after which a doubt that is found again counts as new. */
const RENEWED = REMEMBERED / 2;

/** The most bytes of names that are remembered per type. Beyond that the whole type is in doubt. */
const MOST_OF_TYPE = 2 ** 20;
/** The most bytes of names that other processes are told per type. Beyond that they doubt the whole type. */
const MOST_TOLD = 2 ** 16;

/** What is in doubt of a node and a type, in a form that processes can exchange. */
export interface NodeDoubt {
  readonly node: string;
  readonly typeUrl: string;
  /** `all` stands for everything of the type. */
  readonly names: readonly string[] | 'all';
}

interface Doubt {
  readonly names: NamesByType;
  /** Types that are wholly in doubt. */
  readonly whole: ReadonlySet<string>;
  readonly bytes: number;
  /** Milliseconds of the clock. */
  readonly at: number;
}

type InDoubt = Pick<Doubt, 'names' | 'whole'>;

const NONE: InDoubt = { names: NamesByType.NONE, whole: new Set() };

/**
 * What proxies may or may not have after a rejection or after a stream was lost: what they were sent and did not
 * acknowledge, and what they rejected. An Envoy applies part of a response that it rejects and reports the versions from before, which look right.
 * Several proxies may have one node id, so that a stream that came back does not settle the matter.
 */
export class Doubts {
  /** By node, the oldest first. */
  readonly #nodes = new Map<string, Doubt>();
  #bytes = 0;

  /**
   * @param now milliseconds
   * @param most bytes that are remembered
   * @param remembered called with a node of which {@link remember} found more in doubt
   */
  constructor(
    private readonly table: NameTable,
    private readonly now: () => number = () => performance.now(),
    private readonly most = MOST_BYTES,
    private readonly remembered: (node: string) => void = () => {},
  ) {}

  /** The nodes of which something is in doubt. */
  get nodes(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** A stream of a node was lost in these states, or rejected a response. */
  remember(node: string, types: Iterable<TypeState>): void {
    const before = this.#of(node);
    let after = before;
    let found = false;
    for (const type of types) {
      const doubtful = this.#doubtful(type);
      if (doubtful?.size === 0) continue;
      found = true;
      after = this.#with(after, type.typeUrl, doubtful);
    }
    if (found && this.#keep(node, before, after)) this.remembered(node);
  }

  /** Takes what another process has told. @returns whether that was not known */
  learn({ node, typeUrl, names }: NodeDoubt): boolean {
    const before = this.#of(node);
    return this.#keep(
      node,
      before,
      this.#with(before, typeUrl, names === 'all' ? undefined : this.table.of(names)),
    );
  }

  /** What is in doubt of a node, for another process to {@link learn}. */
  *told(node: string): Generator<NodeDoubt> {
    const { names, whole } = this.#of(node);
    for (const typeUrl of whole) yield { node, typeUrl, names: 'all' };
    for (const [typeUrl, ofType] of names.entries)
      yield { node, typeUrl, names: ofType.weight > MOST_TOLD ? 'all' : [...ofType] };
  }

  /** What a node that came back is to be sent of a type whatever it says that it has. */
  of(node: string, typeUrl: string): NameSet {
    return this.#of(node).names.get(typeUrl);
  }

  /** Whether the claims of a returning node about a type must be ignored. */
  isWhole(node: string, typeUrl: string): boolean {
    return this.#of(node).whole.has(typeUrl);
  }

  /** @returns whether more is in doubt than before, or for longer */
  #keep(node: string, before: InDoubt, { names, whole }: InDoubt): boolean {
    const since = this.#nodes.get(node)?.at ?? Number.NEGATIVE_INFINITY;
    const isRecent = this.now() - since < RENEWED;
    if (isRecent && names === before.names && whole === before.whole) return false;
    this.#forget(node);
    const bytes = bytesOf(node, names, whole);
    this.#nodes.set(node, { names, whole, bytes, at: this.now() });
    this.#bytes += bytes;
    for (const oldest of this.#nodes.keys()) {
      if (this.#bytes <= this.most) break;
      this.#forget(oldest);
    }
    return true;
  }

  #forget(node: string): void {
    this.#bytes -= this.#nodes.get(node)?.bytes ?? 0;
    this.#nodes.delete(node);
  }

  #of(node: string): InDoubt {
    const doubt = this.#nodes.get(node);
    return doubt === undefined || this.now() - doubt.at > REMEMBERED ? NONE : doubt;
  }

  /** @param more undefined for everything of the type */
  #with(before: InDoubt, typeUrl: string, more: NameSet | undefined): InDoubt {
    if (before.whole.has(typeUrl)) return before;
    const names = more && this.#bounded(before.names.get(typeUrl), more);
    if (names !== undefined) return { names: before.names.with(typeUrl, names), whole: before.whole };
    return { names: before.names.with(typeUrl, NameSet.EMPTY), whole: new Set([...before.whole, typeUrl]) };
  }

  /** @returns undefined for too many names: the whole type is then in doubt */
  #bounded(names: NameSet, more: NameSet): NameSet | undefined {
    if (names.weight + more.weight > MOST_OF_TYPE) return undefined;
    const all = this.table.union(names, more);
    return all.weight > this.most / 10 ? undefined : all;
  }

  /** @returns undefined for too many names */
  #doubtful(type: TypeState): NameSet | undefined {
    if (mostDoubtful(type) > MOST_OF_TYPE) return undefined;
    const { doubtful, owed, nonce, outstanding, rejected } = type;
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
