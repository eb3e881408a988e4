/** The first call goes through at once; calls that follow wait, the longer the more of them come. */
export class Coalescer {
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #wait: number;

  /**
   * @param flush what is to be done
   * @param delay milliseconds between a first and a second flush; doubles while calls keep coming
   * @param maxDelay the longest wait, milliseconds
   */
  constructor(
    private readonly flush: () => void,
    private readonly delay: number,
    private readonly maxDelay: number,
    signal: AbortSignal,
  ) {
    this.#wait = delay;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  request(): void {
    if (this.#timer !== undefined) {
      this.#due = true;
      return;
    }
    this.#run();
  }

  #run(): void {
    this.#due = false;
    this.#timer = setTimeout(() => this.#elapsed(), this.#wait);
    this.flush();
  }

  #elapsed(): void {
    this.#timer = undefined;
    if (this.#due) {
      this.#wait = Math.min(this.#wait * 2, this.maxDelay);
      this.#run();
    } else {
      this.#wait = this.delay;
    }
  }
}
