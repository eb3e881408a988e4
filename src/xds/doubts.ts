import type { NameSet, NameTable } from './name-set.js';
import { NamesByType } from './names-by-type.js';
import type { StreamState } from './stream-state.js';
import { type TypeState, touchedBy } from './type-state.js';

/** All that is remembered, bytes: names are the clients' own words. */
const MOST_BYTES = 32 * 2 ** 20;
/** What an entry takes beside its names, and a name beside its characters; bytes, about. */
const OVERHEAD = 100;
/** Milliseconds: a proxy that was away for longer starts anew. */
const REMEMBERED = 600_000;

interface Doubt {
  readonly names: NamesByType;
  readonly bytes: number;
  /** Milliseconds of the clock. */
  readonly at: number;
}

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
    let names = before;
    for (const type of state.types.values()) {
      const doubtful = this.#doubtful(type);
      if (doubtful.size > 0)
        names = names.with(type.typeUrl, this.table.union(names.get(type.typeUrl), doubtful));
    }
    if (names === before) return;
    this.#forget(node);
    const bytes = bytesOf(node, names);
    if (bytes > this.most / 4) return;
    this.#nodes.set(node, { names, bytes, at: this.now() });
    this.#bytes += bytes;
    for (const oldest of this.#nodes.keys()) {
      if (this.#bytes <= this.most) break;
      this.#forget(oldest);
    }
  }

  /** What a node that came back is to be sent of a type whatever it says that it has. */
  of(node: string, typeUrl: string): NameSet {
    return this.#of(node).get(typeUrl);
  }

  #forget(node: string): void {
    this.#bytes -= this.#nodes.get(node)?.bytes ?? 0;
    this.#nodes.delete(node);
  }

  #of(node: string): NamesByType {
    const doubt = this.#nodes.get(node);
    if (doubt === undefined || this.now() - doubt.at > REMEMBERED) return NamesByType.NONE;
    return doubt.names;
  }

  #doubtful({ doubtful, owed, nonce, outstanding, rejected }: TypeState): NameSet {
    let names = nonce === '' ? doubtful : this.table.union(doubtful, owed);
    for (const { response } of outstanding) names = this.table.union(names, touchedBy(response, this.table));
    return rejected.size === 0 ? names : this.table.union(names, this.table.of(rejected.keys()));
  }
}

function bytesOf(node: string, names: NamesByType): number {
  let bytes = OVERHEAD + node.length;
  for (const set of names.sets()) for (const name of set) bytes += OVERHEAD + name.length;
  return bytes;
}
