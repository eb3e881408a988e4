/** Gives something that is waited for a limited time. */
export class Patience {
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limit milliseconds
   * @param lost called when it has been waited for so long
   */
  constructor(
    private readonly limit: number,
    private readonly lost: () => void,
  ) {}

  /** Whether it is waited for now; called at each change. */
  keep(waiting: boolean): void {
    if (!waiting) this.end();
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.lost();
      }, this.limit);
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
