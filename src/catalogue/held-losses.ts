import type { ServiceKey, ServiceState } from '../discovery/source.js';
import { addressOf } from '../model/instance.js';
import { LossWindow } from './loss-window.js';
import type { HeldLoss, MassLossLimits } from './mass-loss.js';
import type { ServiceChange } from './recent-service.js';

/** Node takes a longer timer for one of a millisecond. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The clocks of the catalogue, in milliseconds. */
export interface Clock {
  /** Since the epoch. */
  readonly now: () => number;
  /** Since any moment; it never goes back, however the time of day is set. */
  readonly elapsed: () => number;
}

/** The mass losses of one source, each served for a time. */
export class HeldLosses {
  readonly #window: LossWindow;
  readonly #hold: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param expired is called when losses have been held for long enough */
  constructor(
    limits: MassLossLimits,
    private readonly clock: Clock,
    private readonly expired: () => void,
  ) {
    this.#window = new LossWindow(limits);
    this.#hold = Math.min(limits.hold, LONGEST_TIMER);
  }

  get status(): HeldLoss | undefined {
    const { services, instances } = this.#window.held;
    if (services === 0) return undefined;
    return { services, instances, since: this.#since, until: this.#since + this.#hold };
  }

  /** Takes the first answer in, which nothing can be missing from. */
  start(changes: readonly ServiceChange[]): void {
    this.#window.start(changes);
  }

  /** Takes an answer in; @returns the services that changed, or that are served differently now. */
  take(changes: readonly ServiceChange[]): readonly ServiceKey[] {
    const touched = this.#window.take(changes, this.clock.elapsed());
    if (this.#window.held.services === 0) this.dispose();
    else if (this.#timer === undefined) {
      this.#since = this.clock.now();
      this.#timer = setTimeout(this.expired, this.#hold).unref();
    }
    return touched;
  }

  /** Believes every loss; @returns the services that are served differently now. */
  believe(): readonly ServiceKey[] {
    this.dispose();
    return this.#window.believe();
  }

  /** The addresses of a service's instances that are served although they are gone. */
  addressesOf(key: ServiceKey): readonly string[] {
    return this.#window.heldOf(key).map(addressOf);
  }

  /** What is served of a service: all that its registry has, and what is held. */
  served(key: ServiceKey, said: ServiceState | undefined): ServiceState | undefined {
    const held = this.#window.heldOf(key);
    if (held.length === 0) return said;
    return { instances: [...(said?.instances ?? []), ...held], filtered: said?.filtered ?? [] };
  }

  /** Stops waiting. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
