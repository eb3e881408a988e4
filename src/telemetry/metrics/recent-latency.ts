/** One change of a registry, and how long it took to the last proxy's acknowledgement. */
export interface LatencyObservation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly registry: string;
  readonly seconds: number;
}

const MOST = 500;

/** The last observations, which a histogram does not tell apart. */
export class RecentLatency {
  #observations: LatencyObservation[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  observe(registry: string, seconds: number): void {
    this.#observations.push({ at: this.now(), registry, seconds });
    // Now and then, not each time: the array is moved.
    if (this.#observations.length >= 2 * MOST) this.#observations = this.#observations.slice(-MOST);
  }

  /** Oldest first. */
  get observations(): readonly LatencyObservation[] {
    return this.#observations.slice(-MOST);
  }
}
