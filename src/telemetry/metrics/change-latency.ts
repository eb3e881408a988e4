import type { ResourceSet } from '../../snapshot/resource-set.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { MOST_OUTSTANDING } from '../../xds/type-state.js';

/** What is needed of a stream: which sets it was sent, and what it has not answered yet, oldest first. */
export interface FollowedStream {
  readonly state: {
    readonly types: {
      /** In the order in which the types were first asked for. */
      values(): readonly {
        readonly typeUrl: string;
        readonly held: ResourceSet;
        /** Of the last response; those of a type only grow. */
        readonly nonce: string;
        readonly outstanding: readonly { readonly nonce: string }[];
      }[];
    };
  };
}

export interface ChangeLatencyDependencies {
  /** The streams that are open now. */
  readonly streams: () => ReadonlySet<FollowedStream>;
  /** Called with the seconds from a change to the last acknowledgement of it. */
  readonly observe: (registry: string, seconds: number) => void;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  /** Calls `run` once after so many milliseconds. */
  readonly later: (run: () => void, milliseconds: number) => void;
}

/** A publication that not every stream has acknowledged yet. */
interface Pending {
  readonly number: number;
  /** When the first change in it was reported, by registry. */
  readonly changes: ReadonlyMap<string, number>;
  /** Whether any stream had to be sent something for it. */
  sent: boolean;
}

/** How far a stream is. */
interface Progress {
  /** The last publication of which it has acknowledged everything. */
  acknowledged: number;
  /** The last nonce of each type by then. */
  nonces: Nonces;
  /** It was sent all of this publication with these. */
  sent: { readonly number: number; readonly nonces: Nonces } | undefined;
}

type Nonces = readonly string[];

const SHORTEST_PAUSE = 2;
const LONGEST_PAUSE = 1_000;
/** The latency is known to so much of itself. */
const PRECISION = 0.05;
/** Of the process's time at most one part in so many goes into looking. */
const COST = 100;
/** Publications that are told apart while a proxy does not answer; what comes after is joined with the last. */
const MOST_PENDING = 64;

/**
 * Measures the time from a registry's change to the last acknowledgement of it: by the last proxy that was connected
 * when it was published and had to be sent something. A publication that another one has overtaken counts as
 * acknowledged with what contains it. It looks at the streams now and then while something is not acknowledged, so that
 * streams need not know of it and an update costs them nothing.
 */
export class ChangeLatency {
  /** When the first change was reported that is not being built yet, by registry. */
  #reported = new Map<string, number>();
  /** The same of what is being built. */
  #building = new Map<string, number>();
  #pending: Pending[] = [];
  #number = 0;
  #snapshot: Snapshot | undefined;
  #progress = new Map<FollowedStream, Progress>();
  #looking = false;

  constructor(private readonly deps: ChangeLatencyDependencies) {}

  /** Seconds since the oldest change that was published and is not acknowledged everywhere; 0 without one. */
  get waiting(): number {
    const oldest = Math.min(...this.#pending.flatMap(({ changes }) => [...changes.values()]));
    return Number.isFinite(oldest) ? (this.deps.now() - oldest) / 1_000 : 0;
  }

  /** A registry told of a change. Several before one publication count as one, from the first. */
  changed(registry: string): void {
    if (!this.#reported.has(registry)) this.#reported.set(registry, this.deps.now());
  }

  /** There is a new snapshot; to be called before streams are sent it. */
  published(snapshot: Snapshot): void {
    this.#number += 1;
    this.#snapshot = snapshot;
    this.#follow();
    if (this.#progress.size === 0) {
      this.#pending = [];
      return;
    }
    if (this.#building.size > 0) this.#wait(this.#building);
    if (this.#pending.length > 0 && !this.#looking) this.#lookAgain(SHORTEST_PAUSE);
  }

  /** What was reported until now is built from now on. */
  building(): void {
    this.#building = new Map([...this.#reported, ...this.#building]);
    this.#reported = new Map();
  }

  /** It is: what made no new snapshot waits for nothing. */
  built(): void {
    this.#building = new Map();
  }

  #wait(changes: ReadonlyMap<string, number>): void {
    const last = this.#pending.at(-1);
    if (last === undefined || this.#pending.length < MOST_PENDING) {
      this.#pending.push({ number: this.#number, changes: new Map(changes), sent: false });
      return;
    }
    const joined = new Map([...changes, ...last.changes]);
    this.#pending[this.#pending.length - 1] = { ...last, number: this.#number, changes: joined };
  }

  /** Follows the streams that are open, from here on where they are new. */
  #follow(): void {
    const before = this.#progress;
    this.#progress = new Map();
    for (const stream of this.deps.streams()) {
      const fresh = { acknowledged: this.#number - 1, nonces: noncesOf(stream), sent: undefined };
      const kept = before.get(stream);
      // While nothing is pending nobody looks: what it was sent meanwhile belongs to what is over.
      this.#progress.set(stream, this.#pending.length === 0 ? fresh : (kept ?? fresh));
    }
  }

  #lookAgain(milliseconds: number): void {
    this.#looking = true;
    this.deps.later(() => this.#look(), milliseconds);
  }

  #look(): void {
    const began = this.deps.now();
    this.#looking = false;
    const open = this.deps.streams();
    let least = this.#number;
    for (const [stream, progress] of this.#progress) {
      if (!open.has(stream)) {
        this.#progress.delete(stream);
        continue;
      }
      if (progress.acknowledged < this.#number) this.#advance(stream, progress);
      least = Math.min(least, progress.acknowledged);
    }
    this.#settle(least, began);
    const [oldest] = this.#pending;
    if (oldest === undefined) return;
    const age = began - Math.min(...oldest.changes.values());
    const pause = Math.min(Math.max(age * PRECISION, SHORTEST_PAUSE), LONGEST_PAUSE);
    this.#lookAgain(Math.max(pause, (this.deps.now() - began) * COST));
  }

  #advance(stream: FollowedStream, progress: Progress): void {
    if (progress.sent === undefined && this.#holdsAll(stream))
      progress.sent = { number: this.#number, nonces: noncesOf(stream) };
    const { sent } = progress;
    if (sent === undefined || !hasAnswered(stream, sent.nonces)) return;
    if (sent.nonces.some((nonce, index) => nonce !== (progress.nonces[index] ?? ''))) {
      for (const pending of this.#pending)
        if (pending.number > progress.acknowledged && pending.number <= sent.number) pending.sent = true;
    }
    progress.acknowledged = sent.number;
    progress.nonces = sent.nonces;
    progress.sent = undefined;
    // It may have been sent all of a later one meanwhile, and have answered that too.
    if (sent.number < this.#number) this.#advance(stream, progress);
  }

  #holdsAll(stream: FollowedStream): boolean {
    for (const { typeUrl, held } of stream.state.types.values())
      if (held !== this.#snapshot?.set(typeUrl)) return false;
    return true;
  }

  #settle(acknowledged: number, now: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].number <= acknowledged) {
      const [{ changes, sent }] = this.#pending;
      this.#pending.shift();
      if (!sent) continue;
      for (const [registry, at] of changes) this.deps.observe(registry, (now - at) / 1_000);
    }
  }
}

function noncesOf({ state }: FollowedStream): Nonces {
  return state.types.values().map(({ nonce }) => nonce);
}

/** Whether everything up to these responses is answered. */
function hasAnswered({ state }: FollowedStream, nonces: Nonces): boolean {
  return state.types.values().every(({ outstanding }, index) => {
    const [oldest] = outstanding;
    if (oldest === undefined) return true;
    // Of so many some are not remembered any more, which are older.
    return outstanding.length < MOST_OUTSTANDING && oldest.nonce > (nonces[index] ?? '');
  });
}
