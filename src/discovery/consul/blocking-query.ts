import { nextIndex } from '../consul-kv/kv-answer.js';
import type { Indexed } from './catalog-answer.js';

/** A list of Consul's that is asked for again and again, each time from the index of the answer before. */
export class BlockingQuery<T> {
  #index = 0;
  #asked: Promise<void> | undefined;
  #answer: Indexed<T> | undefined;
  readonly #life = new AbortController();

  /** @param ask asks at once where the index is 0, else waits until the list's index is above it */
  constructor(
    private readonly ask: (index: number, signal: AbortSignal) => Promise<Indexed<T>>,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves, with this query, when there is an answer to take; asks where nothing was asked yet. */
  async ready(): Promise<this> {
    this.#asked ??= this.ask(this.#index, AbortSignal.any([this.signal, this.#life.signal])).then(
      (answer) => {
        this.#answer = answer;
      },
    );
    await this.#asked;
    return this;
  }

  /** The answer that is there; the next `ready` asks again. */
  take(): TakenAnswer<T> {
    if (this.#answer === undefined) throw new Error('a blocking query without an answer was taken');
    const { value, index } = this.#answer;
    const previous = this.#index;
    this.#index = nextIndex(previous, index);
    this.#asked = undefined;
    this.#answer = undefined;
    return { value, index, moved: index !== previous, wentBack: index < previous };
  }

  /** Asks and takes the answer. */
  async next(): Promise<TakenAnswer<T>> {
    await this.ready();
    return this.take();
  }

  /** Ends what is asked. */
  end(): void {
    this.#life.abort();
  }
}

export interface TakenAnswer<T> extends Indexed<T> {
  /** False where the wait was over before anything happened. */
  readonly moved: boolean;
  /** The server has lost or restored its state, and counts anew. */
  readonly wentBack: boolean;
}
