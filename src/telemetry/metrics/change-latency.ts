/** Told of what the proxies of each serving process have acknowledged. */
export interface AcknowledgementSink {
  /**
   * Every proxy that was connected to the process has acknowledged everything up to a publication.
   * @param process its id
   * @param publication the number with which it was published
   * @param sent whether any of them had to be sent something since the one told of before
   */
  reached(process: number, publication: number, sent: boolean): void;
  /** The process has ended, and nobody waits for its proxies any more. */
  gone(process: number): void;
}

export interface ChangeLatencyDependencies {
  /** The ids of the processes that serve proxies now. */
  readonly processes: () => readonly number[];
  /** Has these tell when their proxies have acknowledged what is published now, as the publication of this number. */
  readonly follow: (publication: number) => void;
  /** Called with the seconds from a change to the last acknowledgement of it. */
  readonly observe: (registry: string, seconds: number) => void;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
}

/** A publication that not every process has told of yet. */
interface Pending {
  readonly publication: number;
  /** When the first change in it was reported, by registry. */
  readonly changes: ReadonlyMap<string, number>;
  /** The processes that have not told. */
  readonly waiting: Set<number>;
  /** Whether any proxy had to be sent something for it. */
  sent: boolean;
}

/** Publications that are told apart while a proxy does not answer; what comes after is joined with the last. */
export const MOST_PENDING = 64;

/**
 * Measures the time from a registry's change to the last acknowledgement of it: by the last proxy that was connected
 * when it was published and had to be sent something, whichever process serves it. A publication that another one has
 * overtaken counts as acknowledged with what contains it.
 */
export class ChangeLatency implements AcknowledgementSink {
  /** When the first change was reported that is not being built yet, by registry. */
  #reported = new Map<string, number>();
  /** The same of what is being built. */
  #building = new Map<string, number>();
  #pending: Pending[] = [];
  #publications = 0;
  #published = false;

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

  /** What was reported until now is built from now on. */
  building(): void {
    this.#building = new Map([...this.#reported, ...this.#building]);
    this.#reported = new Map();
  }

  /** There is a new snapshot. */
  published(): void {
    this.#published = true;
  }

  /** It is built: what made no new snapshot waits for nothing. */
  built(): void {
    const changes = this.#building;
    this.#building = new Map();
    if (!this.#published) return;
    this.#published = false;
    this.#publications += 1;
    if (changes.size > 0) this.#wait(changes);
    // Also where no registry has changed: so that this is not counted with the next publication.
    this.deps.follow(this.#publications);
  }

  reached(process: number, publication: number, sent: boolean): void {
    for (const pending of this.#pending) {
      if (pending.publication > publication || !pending.waiting.delete(process)) continue;
      pending.sent ||= sent;
    }
    this.#settle();
  }

  gone(process: number): void {
    for (const { waiting } of this.#pending) waiting.delete(process);
    this.#settle();
  }

  #wait(changes: ReadonlyMap<string, number>): void {
    const publication = this.#publications;
    const waiting = new Set(this.deps.processes());
    const last = this.#pending.at(-1);
    if (last === undefined || this.#pending.length < MOST_PENDING) {
      this.#pending.push({ publication, changes, waiting, sent: false });
      return;
    }
    const joined = new Map([...changes, ...last.changes]);
    this.#pending[this.#pending.length - 1] = { ...last, publication, changes: joined, waiting };
  }

  #settle(): void {
    const now = this.deps.now();
    for (const { waiting, sent, changes } of this.#pending)
      if (waiting.size === 0 && sent)
        for (const [registry, at] of changes) this.deps.observe(registry, (now - at) / 1_000);
    this.#pending = this.#pending.filter(({ waiting }) => waiting.size > 0);
  }
}
