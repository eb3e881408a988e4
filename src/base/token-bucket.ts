/** A budget that fills again with time: a burst at once, then a steady rate. */
export class TokenBucket {
  #level: number;
  #at: number;

  /**
   * @param burst the most that the bucket holds; it starts full
   * @param perSecond what flows in
   * @param now milliseconds
   */
  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#level = burst;
    this.#at = now();
  }

  /**
   * Takes an amount, even one that is not there: the bucket then owes it.
   * @returns milliseconds until nothing is owed any more; 0 while there was enough
   */
  take(amount: number): number {
    const now = this.now();
    this.#level = Math.min(this.burst, this.#level + ((now - this.#at) * this.perSecond) / 1_000) - amount;
    this.#at = now;
    return this.#level >= 0 ? 0 : (-this.#level * 1_000) / this.perSecond;
  }
}
