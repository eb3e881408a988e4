/** Waiting times after failures in a row: doubling from `first` to `most`, with jitter, back to `first` after a success. */
export class Backoff {
  #failures = 0;

  /**
   * Waits as before a first failure.
   * @param first milliseconds after the first failure
   * @param most the longest wait, milliseconds
   * @param random a number from 0 to below 1
   */
  constructor(
    private readonly first = 100,
    private readonly most = 5_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait after one more failure: between half of the nominal time and all of it. */
  next(): number {
    const nominal = Math.min(this.most, this.first * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return nominal / 2 + (this.random() * nominal) / 2;
  }

  /** To be called after a success: the next wait is a first one again. */
  reset(): void {
    this.#failures = 0;
  }
}
