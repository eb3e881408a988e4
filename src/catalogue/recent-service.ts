import type { ServiceKey, ServiceState } from '../discovery/source.js';
import { addressOf, type Instance } from '../model/instance.js';
import type { LossCounts } from './mass-loss.js';

/** A service's state before and after an answer of its registry; undefined where the registry has no such service. */
export interface ServiceChange {
  readonly key: ServiceKey;
  readonly before: ServiceState | undefined;
  readonly after: ServiceState | undefined;
}

/** An instance that came or went within the window. */
export interface RecentChange {
  readonly service: RecentService;
  readonly address: string;
  /** Milliseconds of the window's clock. */
  readonly at: number;
  /** The instance as it was last, where it is gone. */
  readonly lost?: Instance;
  /** It is gone and had come within the window. */
  readonly brief?: boolean;
}

/** The changes by age: those of all services, the oldest first. */
export type Ageing = Set<RecentChange>;

/** What came to a service and what went from it within the window. */
export class RecentService implements LossCounts {
  readonly #lost = new Map<string, RecentChange>();
  readonly #gained = new Map<string, RecentChange>();
  /** Losses that the window has left behind and that stay for as long as they are held. */
  readonly #overdue = new Set<RecentChange>();
  #brief = 0;
  #dropped = 0;
  #present = 0;
  #held = false;

  constructor(
    readonly key: ServiceKey,
    private readonly ageing: Ageing,
  ) {}

  get present(): number {
    return this.#present;
  }

  get lost(): number {
    return this.#lost.size - this.#brief;
  }

  get gained(): number {
    return this.#gained.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether what it lost is served. */
  get held(): boolean {
    return this.#held;
  }

  /** Whether nothing came or went within the window. */
  get quiet(): boolean {
    return this.#lost.size + this.#gained.size === 0;
  }

  /** How many {@link heldInstances} there are. */
  get heldCount(): number {
    return this.#held ? this.#lost.size : 0;
  }

  /** The instances that are to be served although they are gone, as they were last. */
  heldInstances(): readonly Instance[] {
    return this.#held ? [...this.#lost.values()].flatMap(({ lost }) => lost ?? []) : [];
  }

  /** Takes a change in; @returns by how much the number of instances grew. */
  take({ before, after }: ServiceChange, at: number): number {
    const had = addressesOf(before);
    const has = addressesOf(after);
    // Losses first: an instance and its successor in one answer were never there together.
    for (const [address, instance] of had) if (!has.has(address)) this.#lose(address, instance, at);
    for (const address of has.keys()) if (!had.has(address)) this.#gain(address, at);
    // A service whose instances come and go all the time keeps no more of them than it had together.
    while (this.#brief > this.gained + this.#dropped) this.#forgetOldest(true);
    this.#present = has.size;
    return has.size - had.size;
  }

  /** The window has left this change behind. */
  age(change: RecentChange): void {
    this.ageing.delete(change);
    if (change.lost === undefined) {
      this.#gained.delete(change.address);
      // It has long taken the place of one that is gone: a loss that was believed must not become one that is too much.
      if (!this.#held) this.#forgetOldest(false);
    } else if (this.#held) this.#overdue.add(change);
    else this.#forget(change);
  }

  hold(): void {
    this.#held = true;
  }

  /** Ends the hold, and with it the losses that the window has left behind. */
  letGo(): void {
    this.#held = false;
    for (const change of this.#overdue) this.#forget(change);
  }

  #lose(address: string, lost: Instance, at: number): void {
    const gain = this.#gained.get(address);
    if (gain !== undefined) {
      this.ageing.delete(gain);
      this.#gained.delete(address);
      this.#brief += 1;
      this.#dropped += 1;
    }
    const change = { service: this, address, at, lost, brief: gain !== undefined };
    this.#lost.set(address, change);
    this.ageing.add(change);
  }

  #gain(address: string, at: number): void {
    const loss = this.#lost.get(address);
    // An instance of the window's start that is back is neither lost nor gained.
    if (loss?.brief === false) {
      this.#forget(loss);
      return;
    }
    this.#dropped = Math.max(0, this.#dropped - 1);
    if (loss !== undefined) this.#forget(loss);
    const change = { service: this, address, at };
    this.#gained.set(address, change);
    this.ageing.add(change);
  }

  #forgetOldest(brief: boolean): void {
    for (const change of this.#lost.values()) {
      if (change.brief !== brief) continue;
      this.#forget(change);
      return;
    }
  }

  #forget(change: RecentChange): void {
    this.ageing.delete(change);
    this.#overdue.delete(change);
    this.#lost.delete(change.address);
    if (change.brief !== true) return;
    this.#brief -= 1;
    this.#dropped = Math.min(this.#dropped, this.#brief);
  }
}

/** The instances of a state by address. */
export function addressesOf(state: ServiceState | undefined): ReadonlyMap<string, Instance> {
  return new Map(state?.instances.map((instance) => [addressOf(instance), instance]));
}
