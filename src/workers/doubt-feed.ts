import type { NodeDoubt } from '../xds/doubts.js';

/** A message ends after so many bytes of names. */
const MESSAGE = 2 ** 16;
/** Approximate overhead of a doubt, bytes. */
const OVERHEAD = 100;
/** Milliseconds between a message that was taken and the next: a flood of lost streams costs little of a core. */
const PAUSE = 20;
/** Nodes that wait, bytes: clients choose their names. Beyond that the oldest are dropped. */
const MOST_WAITING = 8 * 2 ** 20;

/**
 * Tells another process what is in doubt. One message is under way at a time. What waits are the ids of nodes: one that
 * comes again waits once, and is told as it is then.
 */
export class DoubtFeed {
  readonly #waiting = new Set<string>();
  #bytes = 0;
  #begun: Iterator<NodeDoubt> | undefined;
  #busy = false;

  /**
   * @param told what is in doubt of a node now
   * @param send takes a message
   * @param later calls `run` once after so many milliseconds
   */
  constructor(
    private readonly told: (node: string) => Iterable<NodeDoubt>,
    private readonly send: (doubts: readonly NodeDoubt[]) => void,
    private readonly later: (run: () => void, milliseconds: number) => void = (run, milliseconds) =>
      setTimeout(run, milliseconds).unref(),
  ) {}

  /** More is in doubt of a node. */
  add(node: string): void {
    if (!this.#waiting.has(node)) this.#bytes += OVERHEAD + node.length;
    this.#waiting.add(node);
    for (const oldest of this.#waiting) {
      if (this.#bytes <= MOST_WAITING) break;
      this.#drop(oldest);
    }
    this.#push();
  }

  /** The other process has taken the message that was under way. */
  taken(): void {
    this.later(() => {
      this.#busy = false;
      this.#push();
    }, PAUSE);
  }

  #push(): void {
    if (this.#busy) return;
    const doubts = this.#message();
    if (doubts.length === 0) return;
    this.#busy = true;
    this.send(doubts);
  }

  #message(): readonly NodeDoubt[] {
    const doubts: NodeDoubt[] = [];
    let bytes = 0;
    while (bytes < MESSAGE) {
      const doubt = this.#next();
      if (doubt === undefined) break;
      doubts.push(doubt);
      bytes += bytesOf(doubt);
    }
    return doubts;
  }

  #next(): NodeDoubt | undefined {
    for (;;) {
      const next = this.#begun?.next();
      if (next !== undefined && next.done !== true) return next.value;
      const [node] = this.#waiting;
      if (node === undefined) {
        this.#begun = undefined;
        return undefined;
      }
      this.#drop(node);
      this.#begun = this.told(node)[Symbol.iterator]();
    }
  }

  #drop(node: string): void {
    if (this.#waiting.delete(node)) this.#bytes -= OVERHEAD + node.length;
  }
}

function bytesOf({ node, typeUrl, names }: NodeDoubt): number {
  const ofNames = names === 'all' ? 0 : names.reduce((sum, name) => sum + name.length, 0);
  return OVERHEAD + node.length + typeUrl.length + ofNames;
}
