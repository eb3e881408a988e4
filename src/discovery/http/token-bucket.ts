import { pause } from '../pause.js';

/** Lets `burst` steps pass at once and `perSecond` from then on. */
export class TokenBucket {
  #tokens: number;
  #filled: number;

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#tokens = burst;
    this.#filled = now();
  }

  /** Milliseconds until the step that takes this token may be made. */
  take(): number {
    const now = this.now();
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#filled) / 1_000) * this.perSecond);
    this.#filled = now;
    this.#tokens -= 1;
    return Math.max(0, (-this.#tokens / this.perSecond) * 1_000);
  }

  /** Takes a token and waits for its turn; resolves at once when the signal is aborted. */
  async pass(signal: AbortSignal): Promise<void> {
    const wait = this.take();
    if (wait > 0) await pause(wait, signal);
  }
}
