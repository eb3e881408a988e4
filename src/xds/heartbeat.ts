/** One beat may be late, and another be held up, before a resource expires. */
const BEATS_PER_TTL = 3;
/** Milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Beats as often as what a stream was sent asks for, so that nothing of it expires. */
export class Heartbeat {
  #ttl: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly beat: () => void) {}

  /** @param ttl the shortest of all, milliseconds; undefined where nothing expires */
  keep(ttl: number | undefined): void {
    if (ttl === this.#ttl) return;
    this.#ttl = ttl;
    clearInterval(this.#timer);
    if (ttl !== undefined)
      this.#timer = setInterval(() => this.beat(), Math.min(ttl / BEATS_PER_TTL, LONGEST_TIMER));
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
