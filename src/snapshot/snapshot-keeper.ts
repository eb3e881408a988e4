import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Group } from './cache.js';
import type { Resource } from './resource.js';
import type { Snapshot } from './snapshot.js';
import { type AcceptedResources, readSnapshotFile, writeSnapshotFile } from './snapshot-file.js';

export interface SnapshotKeeperOptions {
  readonly path: string;
  /** Milliseconds after which the file is too old; 0 for never. */
  readonly expire: number;
}

/** A snapshot of a life before. */
export interface KeptSnapshot {
  readonly snapshot: Snapshot;
  /** What the proxies of each group had accepted. */
  readonly accepted: ReadonlyMap<Group, readonly Resource[]>;
  /** When it was written, milliseconds since the epoch. */
  readonly at: number;
}

/** What the proxies have accepted, to be kept too. */
export interface AcceptedSubject {
  /** Differs when {@link accepted} does. */
  readonly revision: string;
  accepted(): AcceptedResources;
}

const NOTHING_ACCEPTED: AcceptedSubject = { revision: '', accepted: () => [] };

/** The least time between two writes, milliseconds. */
const WRITE_INTERVAL = 1_000;
const HOUR = 3_600_000;
/** Writing takes at most one part in so many of the time. */
const SHARE = 20;

/** Keeps what is served in a file: written as it changes, read back in the next life. */
export class SnapshotKeeper {
  #next: Snapshot | undefined;
  #written: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #notBefore = 0;
  #closed = false;
  /** What was written last, and is as good as then. */
  #latest: Snapshot | undefined;
  readonly #refresh: NodeJS.Timeout | undefined;

  /**
   * @param now milliseconds since the epoch
   * @param proxies what they have accepted is kept as well
   */
  constructor(
    private readonly options: SnapshotKeeperOptions,
    private readonly logger: Logger,
    private readonly now: () => number = Date.now,
    private readonly proxies: AcceptedSubject = NOTHING_ACCEPTED,
  ) {
    // Where nothing changes for long, what is served does not grow old.
    if (options.expire > 0)
      this.#refresh = setInterval(
        () => this.#renew(),
        Math.max(WRITE_INTERVAL, Math.min(options.expire / 4, HOUR)),
      ).unref();
  }

  get path(): string {
    return this.options.path;
  }

  /** What the file holds; undefined where it cannot be used, which is logged. Not written again before it changes. */
  read(): KeptSnapshot | undefined {
    const { path, expire } = this.options;
    const about = { file: path };
    try {
      const read = readSnapshotFile(path);
      if ('damaged' in read)
        this.logger.error({ ...about, aside: read.aside }, `snapshot file set aside: ${read.damaged}`);
      if (!('found' in read)) return undefined;
      if (expire > 0 && this.now() - read.at > expire) {
        this.logger.warn(about, 'the snapshot file is older than "expire" and is not read');
        return undefined;
      }
      return { snapshot: read.found, accepted: read.accepted, at: read.at };
    } catch (thrown) {
      this.logger.error(about, `the snapshot file cannot be read: ${messageOf(thrown)}`);
      return undefined;
    }
  }

  /** This is served now, and known to be good. */
  published(snapshot: Snapshot): void {
    this.#next = snapshot;
    if (!this.#closed) this.#schedule();
  }

  /** Proxies have accepted something. */
  accepted(): void {
    if (this.#latest !== undefined) this.published(this.#next ?? this.#latest);
  }

  /** Writes what has not been written yet, and no more after that. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#refresh);
    this.#timer = undefined;
    await this.#writing;
    if (this.options.expire > 0) this.#renew();
    await this.#write();
  }

  #renew(): void {
    if (this.#latest === undefined) return;
    this.#written = undefined;
    this.#next ??= this.#latest;
    if (!this.#closed) this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    const wait = Math.max(WRITE_INTERVAL, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().then(() => {
        this.#writing = undefined;
        if (this.#next !== undefined && !this.#closed) this.#schedule();
      });
    }, wait).unref();
  }

  async #write(): Promise<void> {
    const snapshot = this.#next;
    this.#next = undefined;
    const { revision } = this.proxies;
    const state = `${snapshot?.version} ${revision}`;
    if (snapshot === undefined || state === this.#written) return;
    const began = performance.now();
    try {
      await writeSnapshotFile(this.options.path, snapshot, this.now(), this.proxies.accepted());
      this.#written = state;
      this.#latest = snapshot;
    } catch (thrown) {
      this.logger.error(
        { file: this.options.path },
        `the snapshot file cannot be written: ${messageOf(thrown)}`,
      );
    }
    const end = performance.now();
    this.#notBefore = end + (end - began) * SHARE;
  }
}
