import ipaddr from 'ipaddr.js';
import { DEFAULT_PER_CLIENT } from '../limits.js';

/** Counts what clients hold, against a limit of all together and one for each. */
export class ClientCount {
  readonly #held = new Map<string, Held>();
  #total = 0;

  /** @param perClient undefined: the default, which is none for clients of loopback */
  constructor(
    private readonly most: number,
    private readonly perClient: number | undefined,
  ) {}

  /**
   * Takes one more for a client.
   * @returns gives it back, once; or which limit has been reached
   */
  take(client: string): (() => void) | 'all' | 'client' {
    if (this.#total >= this.most) return 'all';
    const held = this.#held.get(client) ?? { count: 0, most: this.#limitOf(client) };
    if (held.count >= held.most) return 'client';
    held.count += 1;
    this.#held.set(client, held);
    this.#total += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#total -= 1;
      held.count -= 1;
      if (held.count === 0) this.#held.delete(client);
    };
  }

  #limitOf(client: string): number {
    return this.perClient ?? (isLoopback(client) ? Number.POSITIVE_INFINITY : DEFAULT_PER_CLIENT);
  }
}

interface Held {
  count: number;
  readonly most: number;
}

/** Whether a text is an address of this machine's own. */
export function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}
