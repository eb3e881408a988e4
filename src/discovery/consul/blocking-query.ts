import type { Indexed } from './catalog-answer.js';

/** A list of Consul's that is asked for again and again, each time from the index of the answer before. */
export class BlockingQuery<T> {
  /** The index of the answer that was taken last. */
  #known = 0;
  /** The index to ask with. */
  #index = 0;
  #asked: Promise<void> | undefined;
  #answer: Indexed<T> | undefined;
  readonly #life = new AbortController();
  /** Ends what is asked. */
  readonly end = (): void => {
    this.signal.removeEventListener('abort', this.end);
    this.#life.abort();
  };

  /**
   * @param ask asks at once where the index is 0, else waits until the list's index is above it
   * @param blocks false where `ask` never waits at the server, so that each of its answers is fresh
   */
  constructor(
    private readonly ask: (index: number, signal: AbortSignal) => Promise<Indexed<T>>,
    private readonly signal: AbortSignal,
    private readonly blocks = true,
  ) {
    signal.addEventListener('abort', this.end);
  }

  /** Resolves, with this query, when there is an answer to take; asks where nothing was asked yet. */
  async ready(): Promise<this> {
    this.#asked ??= this.ask(this.#index, this.#life.signal).then((answer) => {
      this.#answer = answer;
    });
    await this.#asked;
    return this;
  }

  /** Whether there is an answer to take. */
  get answered(): boolean {
    return this.#answer !== undefined;
  }

  /** The answer that is there; the next `ready` asks again. */
  take(): TakenAnswer<T> {
    if (this.#answer === undefined) throw new Error('a blocking query without an answer was taken');
    const { value, index } = this.#answer;
    const previous = this.#known;
    const fresh = this.#index === 0 || !this.blocks;
    this.#known = index;
    // A restored snapshot ends a query with its old answer. The old index would then block until the wait is over,
    // being above the server's; so whatever is not ahead is asked for again without it.
    this.#index = fresh || index > previous ? Math.max(1, index) : 0;
    this.#asked = undefined;
    this.#answer = undefined;
    return { value, index, moved: index !== previous, wentBack: index < previous };
  }

  /** Forgets a failure: the next `ready` asks anew, and without an index. */
  again(): void {
    this.#asked = undefined;
    this.#index = 0;
  }

  /** Asks and takes the answer. */
  async next(): Promise<TakenAnswer<T>> {
    await this.ready();
    return this.take();
  }
}

export interface TakenAnswer<T> extends Indexed<T> {
  /** False where the wait was over before anything happened. */
  readonly moved: boolean;
  /** The server has lost or restored its state, and counts anew. */
  readonly wentBack: boolean;
}
