/** So many requests within one wait are a flood. */
const FLOOD = 4;

/**
 * Runs the first request at once and those that follow after a wait. The wait doubles while requests come in floods
 * and halves when they no longer do, so that changes in a row, each made upon seeing the one before, are not held up.
 */
export class Coalescer {
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #wait: number;

  /**
   * @param flush what is to be done
   * @param delay milliseconds between a first and a second flush
   * @param maxDelay the longest wait, milliseconds
   */
  constructor(
    private readonly flush: () => void,
    private readonly delay: number,
    private readonly maxDelay: number,
    private readonly signal: AbortSignal,
  ) {
    this.#wait = delay;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  /** Asks for a flush; after the abort nothing is done any more. */
  request(): void {
    if (this.signal.aborted) return;
    this.#waiting += 1;
    if (this.#timer === undefined) this.#run();
  }

  #run(): void {
    this.#waiting = 0;
    this.#timer = setTimeout(() => this.#elapsed(), this.#wait);
    this.flush();
  }

  #elapsed(): void {
    this.#timer = undefined;
    const next = this.#waiting >= FLOOD ? Math.max(this.#wait, 1) * 2 : this.#wait / 2;
    this.#wait = Math.min(Math.max(next, this.delay), this.maxDelay);
    if (this.#waiting > 0) this.#run();
  }
}
