import type { Found } from './zookeeper.js';

/** Requests under way at a time: enough to keep a server busy, few enough not to keep it from others. */
const MOST = 32;

type Ask<T> = (changed: () => void) => Promise<Found<T>>;

/** Reads znodes, and reads each again, alone, when its watch fires. */
export class ZnodeWatcher {
  /** A set, so that what is to be read again twice is read once. */
  readonly #waiting = new Set<ZnodeWatch<unknown>>();
  readonly #failing = new Set<ZnodeWatch<unknown>>();
  #underWay = 0;
  #zxid = 0n;

  /**
   * @param answered called after each answer was taken in
   * @param failed called with what `take` or `answered` threw
   */
  constructor(
    private readonly answered: () => void,
    private readonly failed: (thrown: unknown) => void,
  ) {}

  get idle(): boolean {
    return this.#underWay === 0 && this.#waiting.size === 0;
  }

  /** The last transaction that anything read was changed by. */
  get zxid(): bigint {
    return this.#zxid;
  }

  /** How many znodes could not be read. */
  get failing(): number {
    return this.#failing.size;
  }

  /** @param take called with each answer */
  watch<T>(ask: Ask<T>, take: (found: Found<T>) => void): ZnodeWatch<T> {
    // One function for good: the client keeps a watch once for each function that waits for it.
    const changed = () => this.#enqueue(watch);
    const watch: ZnodeWatch<T> = new ZnodeWatch(
      async () => {
        const found = await ask(changed);
        if (watch.stopped) return;
        if (found.kind === 'found' && found.zxid > this.#zxid) this.#zxid = found.zxid;
        if (found.kind === 'failed') this.#failing.add(watch);
        else this.#failing.delete(watch);
        watch.found = found;
        take(found);
      },
      () => this.#failing.delete(watch),
    );
    this.#enqueue(watch);
    return watch;
  }

  /** Retries failed reads, which have no watch. */
  retryFailing(): void {
    for (const watch of this.#failing) this.#enqueue(watch);
  }

  #enqueue(watch: ZnodeWatch<unknown>): void {
    if (watch.stopped) return;
    this.#waiting.add(watch);
    this.#pump();
  }

  #pump(): void {
    for (const watch of this.#waiting) {
      if (this.#underWay === MOST) return;
      this.#waiting.delete(watch);
      if (!watch.stopped) this.#read(watch).catch(this.failed);
    }
  }

  async #read(watch: ZnodeWatch<unknown>): Promise<void> {
    this.#underWay += 1;
    await watch.read();
    this.#underWay -= 1;
    this.#pump();
    this.answered();
  }
}

/** One znode's data, or its list of children. */
export class ZnodeWatch<T> {
  /** The last answer; undefined before the first. */
  found: Found<T> | undefined;
  #stopped = false;

  constructor(
    readonly read: () => Promise<void>,
    private readonly onStop: () => void,
  ) {}

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing more is read; a watch that fires late is ignored. */
  stop(): void {
    this.#stopped = true;
    this.onStop();
  }
}
