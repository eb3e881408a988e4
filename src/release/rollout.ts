import { createHash } from 'node:crypto';
import type { Group } from '../snapshot/cache.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';

export interface RolloutOptions {
  /** The share of the proxies that get a change first, 0 to 1. */
  readonly first: number;
  /** How long the others wait, milliseconds. */
  readonly wait: number;
}

/** Names of groups have no slash. */
const FIRST = '/first';
/** Changes that wait; of a flood of them only so many are told apart. */
const MOST_WAITING = 100;

/**
 * Lets a change reach all proxies only after a share of them have had it for a while. Endpoints do not wait: what they
 * say is not the operator's change, and an instance that is gone must not be served.
 */
export class Rollout {
  #rest = Snapshot.EMPTY;
  #latest = Snapshot.EMPTY;
  #waiting: readonly { readonly snapshot: Snapshot; readonly due: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param promoted called when the others are to get something that has waited */
  constructor(
    private readonly options: RolloutOptions,
    private readonly promoted: () => void,
    private readonly signal: AbortSignal,
    private readonly now: () => number = Date.now,
  ) {
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  /** When the last change reaches everyone, milliseconds since the epoch; undefined where none waits. */
  get due(): number | undefined {
    return this.#waiting.at(-1)?.due;
  }

  /** What the others are to have. */
  get rest(): Snapshot {
    return this.#rest;
  }

  /** A new snapshot: the first share gets it now, the others what of it need not wait. */
  offer(snapshot: Snapshot): void {
    this.#latest = snapshot;
    if (this.#rest === Snapshot.EMPTY || !differs(snapshot, this.#rest)) {
      this.abort();
      this.#rest = snapshot;
      return;
    }
    this.#rest = this.#withNewestEndpoints(this.#rest);
    if (!differs(snapshot, this.#waiting.at(-1)?.snapshot ?? this.#rest)) return;
    const entry = { snapshot, due: this.now() + this.options.wait };
    this.#waiting = [...this.#waiting.slice(0, MOST_WAITING - 1), entry];
    this.#timer ??= this.#schedule();
  }

  /** Everyone goes to a snapshot at once. */
  restart(snapshot: Snapshot): void {
    this.abort();
    this.#latest = snapshot;
    this.#rest = snapshot;
  }

  /** A proxy of the first share rejects what it got: nothing that waits goes further. */
  abort(): void {
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** What a cluster that goes only later has for endpoints is kept as long. */
  #withNewestEndpoints(snapshot: Snapshot): Snapshot {
    const newest = this.#latest.set(TYPE_URL.endpoints);
    return snapshot.withSet(TYPE_URL.endpoints, newest.withRemovedOf(this.#rest.set(TYPE_URL.endpoints)));
  }

  #schedule(): NodeJS.Timeout | undefined {
    const [next] = this.#waiting;
    if (next === undefined || this.signal.aborted) return undefined;
    return setTimeout(() => this.#promote(), Math.max(0, next.due - this.now()));
  }

  #promote(): void {
    const now = this.now();
    const due = this.#waiting.filter((entry) => entry.due <= now);
    const last = due.at(-1);
    this.#waiting = this.#waiting.slice(due.length);
    this.#timer = this.#schedule();
    if (last === undefined) return;
    this.#rest = this.#waiting.length === 0 ? this.#latest : this.#withNewestEndpoints(last.snapshot);
    this.promoted();
  }
}

/** The group of the proxies of a group that get changes first. */
export function firstOf(group: Group): Group {
  return group + FIRST;
}

/** The group whose first share a group is, or the group itself. */
export function baseOf(group: Group): Group {
  return group.endsWith(FIRST) ? group.slice(0, -FIRST.length) : group;
}

/** The group that a proxy belongs to while changes are staged; without a share nothing is. */
export function stagedGroup(group: Group, nodeId: string, first: number | undefined): Group {
  return first !== undefined && isFirst(nodeId, first) ? firstOf(group) : group;
}

/** Whether a proxy is among the first; the same ones at every replica. */
function isFirst(nodeId: string, first: number): boolean {
  return createHash('sha256').update(nodeId).digest().readUInt32LE(0) < first * 2 ** 32;
}

function differs(a: Snapshot, b: Snapshot): boolean {
  return [...new Set([...a.sets.keys(), ...b.sets.keys()])].some(
    (typeUrl) => typeUrl !== TYPE_URL.endpoints && a.set(typeUrl).version !== b.set(typeUrl).version,
  );
}
