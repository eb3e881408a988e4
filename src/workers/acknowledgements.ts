import type { ResourceSet } from '../snapshot/resource-set.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { MOST_PENDING } from '../telemetry/metrics/change-latency.js';
import { MOST_OUTSTANDING } from '../xds/type-state.js';

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

export interface AcknowledgementsDependencies<Stream extends FollowedStream> {
  /** The streams that are open now. */
  readonly streams: () => ReadonlySet<Stream>;
  /** What a stream is to have; undefined where there is nothing for it. */
  readonly snapshotOf: (stream: Stream) => Snapshot | undefined;
  /**
   * Called when every stream that was open has acknowledged everything up to a publication.
   * @param sent whether any had to be sent something since the publication told of before
   */
  readonly reached: (publication: number, sent: boolean) => void;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  /** Calls `run` once after so many milliseconds. */
  readonly later: (run: () => void, milliseconds: number) => void;
}

/** Changes of the cache that not every stream has acknowledged yet. */
interface Pending {
  /** The last change of the cache in it. */
  change: number;
  readonly since: number;
  /** What it is to be told as; undefined while more changes may belong to it. */
  publication: number | undefined;
  /** Whether any stream had to be sent something for it. */
  sent: boolean;
}

/** How far a stream is. */
interface Progress {
  /** The last change of the cache of which it has acknowledged everything. */
  acknowledged: number;
  /** The last nonce of each type by then. */
  nonces: Nonces;
  /** It was sent all up to this change with these. */
  sent: { readonly change: number; readonly nonces: Nonces } | undefined;
}

type Nonces = readonly string[];

const SHORTEST_PAUSE = 2;
const LONGEST_PAUSE = 1_000;
/** The latency is known to so much of itself. */
const PRECISION = 0.05;
/** Of the process's time at most one part in so many goes into looking. */
const COST = 100;

/**
 * Tells when the streams of this process have acknowledged a publication. It looks at them now and then while something
 * is not acknowledged, so that streams need not know of it and an update costs them nothing.
 */
export class Acknowledgements<Stream extends FollowedStream> {
  #pending: Pending[] = [];
  #changes = 0;
  /** Whether the last of what is pending goes on. */
  #open = false;
  #progress = new Map<Stream, Progress>();
  #looking = false;

  constructor(private readonly deps: AcknowledgementsDependencies<Stream>) {}

  /** The cache has changed; to be called before streams are sent anything of it. */
  changed(): void {
    this.#changes += 1;
    const last = this.#pending.at(-1);
    if (this.#open && last !== undefined) {
      last.change = this.#changes;
      return;
    }
    this.#open = true;
    this.#follow();
    if (last !== undefined && this.#pending.length >= MOST_PENDING) {
      last.change = this.#changes;
      last.publication = undefined;
      return;
    }
    this.#pending.push({
      change: this.#changes,
      since: this.deps.now(),
      publication: undefined,
      sent: false,
    });
  }

  /** All of this publication is in the cache. */
  published(publication: number): void {
    const last = this.#pending.at(-1);
    this.#open = false;
    if (last === undefined) {
      this.deps.reached(publication, false);
      return;
    }
    last.publication = publication;
    if (this.#progress.size === 0) this.#settle(this.#changes);
    else if (!this.#looking) this.#lookAgain(SHORTEST_PAUSE);
  }

  /** Follows the streams that are open, from here on where they are new. */
  #follow(): void {
    const before = this.#progress;
    this.#progress = new Map();
    for (const stream of this.deps.streams()) {
      const fresh = { acknowledged: this.#changes - 1, nonces: noncesOf(stream), sent: undefined };
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
    let least = this.#changes;
    for (const [stream, progress] of this.#progress) {
      if (!open.has(stream)) {
        this.#progress.delete(stream);
        continue;
      }
      if (progress.acknowledged < this.#changes) this.#advance(stream, progress);
      least = Math.min(least, progress.acknowledged);
    }
    this.#settle(least);
    const [oldest] = this.#pending;
    // What is not published yet is looked at when it is.
    if (oldest?.publication === undefined) return;
    const pause = Math.min(Math.max((began - oldest.since) * PRECISION, SHORTEST_PAUSE), LONGEST_PAUSE);
    this.#lookAgain(Math.max(pause, (this.deps.now() - began) * COST));
  }

  #advance(stream: Stream, progress: Progress): void {
    if (progress.sent === undefined && this.#holdsAll(stream))
      progress.sent = { change: this.#changes, nonces: noncesOf(stream) };
    const { sent } = progress;
    if (sent === undefined || !hasAnswered(stream, sent.nonces)) return;
    if (sent.nonces.some((nonce, index) => nonce !== (progress.nonces[index] ?? ''))) {
      for (const pending of this.#pending)
        if (pending.change > progress.acknowledged && pending.change <= sent.change) pending.sent = true;
    }
    progress.acknowledged = sent.change;
    progress.nonces = sent.nonces;
    progress.sent = undefined;
    // It may have been sent all of a later one meanwhile, and have answered that too.
    if (sent.change < this.#changes) this.#advance(stream, progress);
  }

  #holdsAll(stream: Stream): boolean {
    const snapshot = this.deps.snapshotOf(stream);
    if (snapshot === undefined) return true;
    return stream.state.types.values().every(({ typeUrl, held }) => held === snapshot.set(typeUrl));
  }

  #settle(acknowledged: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].change <= acknowledged) {
      const [{ publication, sent }] = this.#pending;
      if (publication === undefined) return;
      this.#pending.shift();
      this.deps.reached(publication, sent);
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
