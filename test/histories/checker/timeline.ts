import type { Instances, Write } from '../history.js';

/** A write that was acknowledged at a position, or that may have happened there. */
interface Entry {
  readonly index: number;
  /** The weight, 0 for an instance that is removed. */
  readonly weight: number;
  readonly from: number;
  /** Milliseconds until which a write without an answer may still happen. */
  readonly until: number;
}

interface Register {
  readonly certain: Entry[];
  readonly doubtful: Entry[];
}

const NOTHING: Entry = { index: 0, weight: 0, from: 0, until: 0 };

/**
 * What a registry may have held of one service, by its writes. A position is the index of the last acknowledged write
 * that has happened, 0 before the first. Writes without an answer are at no certain position: each may happen at any
 * time between being sent and `until`, or never, as in the robustness tests of etcd.
 */
export class Timeline {
  /** The positions, ascending. */
  readonly positions: readonly number[];
  readonly #certain: readonly Write[];
  readonly #registers = new Map<string, Register>();

  /** @param settled from when a write that was sent at a time cannot happen any more, milliseconds */
  constructor(writes: readonly Write[], settled: (write: Write) => number) {
    this.#certain = writes.filter(({ outcome }) => outcome === 'ok');
    this.positions = [0, ...this.#certain.map(({ index }) => index)];
    for (const write of writes) {
      if (write.outcome === 'failed') continue;
      const { index, from, puts, removes } = write;
      const until = write.outcome === 'ok' ? write.to : settled(write);
      for (const address of puts) this.#add(address, write, { index, weight: index, from, until });
      for (const address of removes) this.#add(address, write, { index, weight: 0, from, until });
    }
  }

  get addresses(): readonly string[] {
    return [...this.#registers.keys()];
  }

  /** The place in `positions` of the last write that was sent by a time. */
  lastSent(at: number): number {
    return this.#certain.findLastIndex(({ from }) => from <= at) + 1;
  }

  /** The position of the last write that was acknowledged by a time. */
  lastAcknowledged(at: number): number {
    return this.#certain.findLast(({ to }) => to <= at)?.index ?? 0;
  }

  /** Whether an instance may have this weight, or be away with 0, at the place of a position. */
  may(address: string, weight: number, place: number): boolean {
    const certain = this.certain(address, place);
    return certain.weight === weight || this.doubtful(address, weight, place) !== undefined;
  }

  /** The acknowledged write that an instance has its state from, at the place of a position. */
  certain(address: string, place: number): Entry {
    const position = this.positions[place] ?? 0;
    return this.#registers.get(address)?.certain.findLast(({ index }) => index <= position) ?? NOTHING;
  }

  /** A write without an answer that an instance may have its state from. */
  doubtful(address: string, weight: number, place: number): Entry | undefined {
    const next = this.positions[place + 1] ?? Number.POSITIVE_INFINITY;
    const over = this.certain(address, place);
    return this.#registers
      .get(address)
      ?.doubtful.find((entry) => entry.weight === weight && entry.index < next && over.from <= entry.until);
  }

  /** Whether a write may have removed an instance that has this weight, by a time. */
  removedAfter(address: string, weight: number, at: number): boolean {
    const { certain = [], doubtful = [] } = this.#registers.get(address) ?? {};
    return (
      certain.some((entry) => entry.weight === 0 && entry.index > weight && entry.from <= at) ||
      doubtful.some((entry) => entry.weight === 0 && entry.from <= at)
    );
  }

  #add(address: string, { outcome }: Write, entry: Entry): void {
    const register = this.#registers.get(address) ?? { certain: [], doubtful: [] };
    this.#registers.set(address, register);
    (outcome === 'ok' ? register.certain : register.doubtful).push(entry);
  }
}

/** The weight of an instance, 0 where it is away. */
export const weightIn = (instances: Instances, address: string): number => instances[address] ?? 0;
