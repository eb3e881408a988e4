import type { Logger } from 'pino';
import { Backoff } from '../discovery/backoff.js';
import { pause } from '../discovery/pause.js';
import { DEFAULT_GROUP } from '../groups/default-group.js';
import { inconsistencies } from '../release/consistency.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot } from '../snapshot/snapshot.js';
import type { SnapshotKeeper } from '../snapshot/snapshot-keeper.js';
import { followUpstream, RELAYED_TYPES } from './delta-stream.js';
import type { Upstream } from './upstream.js';

/** How long the upstream may take for its first answer before the file is served, milliseconds. */
const PATIENCE = 1_000;
/** A stream that lasted so long is opened again without a long wait, milliseconds. */
const STEADY = 10_000;

/** What `/readyz` and `/relay` tell of the upstream. */
export interface UpstreamStatus {
  readonly connected: boolean;
  /** Why the last stream ended. */
  readonly last_error: string | null;
  /** When it last said something, milliseconds since the epoch. */
  readonly heard: number | undefined;
  /** When the file that is served was written; undefined where what the upstream says is served. */
  readonly restored: number | undefined;
}

export interface RelayedSnapshotOptions {
  readonly upstream: Upstream;
  readonly keeper: SnapshotKeeper | undefined;
  readonly logger: Logger;
}

/**
 * Keeps a cache at what an upstream serves. An answer that refers to what is still to come waits for it, so that what
 * is served is consistent at any time; without the upstream what there was is served on.
 */
export class RelayedSnapshot {
  #working = Snapshot.EMPTY;
  #served = Snapshot.EMPTY;
  /** Types of which the upstream has to say something before anything is served. */
  #awaited = new Set<string>();
  #status: UpstreamStatus = { connected: false, last_error: null, heard: undefined, restored: undefined };
  #restore: (() => void) | undefined;

  constructor(
    private readonly cache: SnapshotCache,
    private readonly options: RelayedSnapshotOptions,
  ) {}

  get status(): UpstreamStatus {
    return this.#status;
  }

  /** Follows the upstream until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { upstream, logger } = this.options;
    this.#prepare(signal);
    const backoff = new Backoff();
    while (!signal.aborted) {
      const began = performance.now();
      this.#awaited = new Set(RELAYED_TYPES.filter((typeUrl) => this.#working.set(typeUrl).size === 0));
      const sink = { changed: this.#take.bind(this) };
      const reason = await followUpstream(upstream, this.#working, sink, signal);
      if (signal.aborted) return;
      this.#status = { ...this.#status, connected: false, last_error: reason };
      logger.warn(
        { upstream: upstream.address, reason },
        'the upstream is gone: what it said last is served on',
      );
      this.#restore?.();
      // What is not whole would only be taken for what it is not.
      this.#working = this.#served === Snapshot.EMPTY ? this.#working : this.#served;
      if (performance.now() - began > STEADY) backoff.reset();
      await pause(backoff.next(), signal);
    }
  }

  /** The file is the base of what the upstream is asked for, and is served where it does not answer. */
  #prepare(signal: AbortSignal): void {
    const kept = this.options.keeper?.read();
    if (kept === undefined) return;
    this.#working = kept.snapshot;
    const late = setTimeout(() => this.#restore?.(), PATIENCE);
    signal.addEventListener('abort', () => clearTimeout(late), { once: true });
    this.#restore = () => {
      clearTimeout(late);
      this.#restore = undefined;
      if (this.#served !== Snapshot.EMPTY) return;
      this.#status = { ...this.#status, restored: kept.at };
      this.#serve(kept.snapshot);
      this.options.logger.warn({ written: new Date(kept.at).toISOString() }, 'the snapshot file is served');
    };
  }

  #take(typeUrl: string, changes: ResourceChanges): void {
    if (!this.#status.connected)
      this.options.logger.info({ upstream: this.options.upstream.address }, 'the upstream answers');
    this.#status = { ...this.#status, connected: true, last_error: null, heard: Date.now() };
    this.#awaited.delete(typeUrl);
    this.#working = this.#working.with(new Map([[typeUrl, changes]]));
    if (this.#awaited.size > 0 || inconsistencies(this.#working, this.#served).length > 0) return;
    this.#status = { ...this.#status, restored: undefined };
    this.#serve(this.#working);
    this.options.keeper?.published(this.#served);
  }

  #serve(snapshot: Snapshot): void {
    this.#served = snapshot;
    this.cache.advance(DEFAULT_GROUP, snapshot);
  }
}
