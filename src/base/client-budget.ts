/** What a client may spend at once, and how fast it may spend again: calls, milliseconds, bytes. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** How many clients are remembered; those unseen for longest are forgotten first. */
const MOST_CLIENTS = 4_096;

/** Counts what each client spends. Spending decays with time, so an idle client costs nothing. */
export class ClientBudget {
  readonly #spent = new Map<string, { readonly amount: number; readonly at: number }>();

  constructor(
    private readonly rate: Rate,
    private readonly most = MOST_CLIENTS,
  ) {}

  /**
   * Charges an amount, unless it is refused.
   * @param now milliseconds of a clock that never goes back
   * @returns whether the client may spend it
   */
  take(client: string, amount: number, now: number): boolean {
    const isAllowed = this.#of(client, now) + amount <= this.rate.burst;
    this.charge(client, isAllowed ? amount : 0, now);
    return isAllowed;
  }

  /** Charges what a client has spent already, also beyond the burst. */
  charge(client: string, amount: number, now: number): void {
    const spent = this.#of(client, now) + amount;
    // Behind all others: the first is the one unseen for longest.
    this.#spent.delete(client);
    this.#spent.set(client, { amount: spent, at: now });
    const [oldest] = this.#spent.keys();
    if (this.#spent.size > this.most && oldest !== undefined) this.#spent.delete(oldest);
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#spent.size;
  }

  #of(client: string, now: number): number {
    const spent = this.#spent.get(client);
    if (spent === undefined) return 0;
    return Math.max(0, spent.amount - ((now - spent.at) / 1_000) * this.rate.perSecond);
  }
}
