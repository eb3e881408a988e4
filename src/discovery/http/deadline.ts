/** A signal that is aborted with another one, or when a time is over. */
export class Deadline {
  readonly #life = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  readonly #abort = (): void => this.#life.abort();

  constructor(
    readonly milliseconds: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#life.abort();
    }, milliseconds);
    outer?.addEventListener('abort', this.#abort, { once: true });
    if (outer?.aborted === true) this.#life.abort();
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Whether it was the time that ended it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Leaves no timer and no listener behind. */
  end(): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener('abort', this.#abort);
  }
}
