import type { ServiceKey, ServiceState } from '../discovery/source.js';
import { addressOf, type Instance } from '../model/instance.js';
import { drop, type LossCounts } from './mass-loss.js';

/** A service's state before and after an answer of its registry; undefined where the registry has no such service. */
export interface ServiceChange {
  readonly key: ServiceKey;
  readonly before: ServiceState | undefined;
  readonly after: ServiceState | undefined;
}

/** An instance that came or went within the window. */
export interface RecentChange {
  readonly service: RecentService;
  /** `brief`: it came and went within the window. */
  readonly kind: 'gained' | 'lost' | 'brief';
  readonly address: string;
  /** As it was last. */
  readonly instance: Instance;
  /** Milliseconds of the window's clock. */
  readonly at: number;
}

/** The changes of all services, the oldest first. */
export type Ageing = Set<RecentChange>;

/** How an answer changed the instances of a service. */
export interface Turnover {
  /** By how many there are more. */
  readonly growth: number;
  /** How many went that had come within the window. */
  readonly went: number;
  /** How many came. */
  readonly came: number;
}

/** What came to a service and what went from it within the window. */
export class RecentService implements LossCounts {
  readonly #changes = {
    gained: new Map<string, RecentChange>(),
    lost: new Map<string, RecentChange>(),
    brief: new Map<string, RecentChange>(),
  };
  /** Losses that the window has left behind and that stay for as long as they are held. */
  readonly #overdue = new Set<RecentChange>();
  /** The most instances at one time. */
  #most = 0;
  #present = 0;
  #dropped = 0;
  #held = false;

  constructor(
    readonly key: ServiceKey,
    private readonly ageing: Ageing,
  ) {}

  get present(): number {
    return this.#present;
  }

  get lost(): number {
    return this.#changes.lost.size;
  }

  get gained(): number {
    return this.#changes.gained.size;
  }

  get brief(): number {
    return this.#changes.brief.size;
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
    return this.gained + this.lost + this.brief === 0;
  }

  /** How many {@link heldInstances} there are. */
  get heldCount(): number {
    return this.#held ? this.lost + this.brief : 0;
  }

  /** The instances that are to be served although they are gone, as they were last. */
  heldInstances(): readonly Instance[] {
    const { lost, brief } = this.#changes;
    return this.#held ? [...lost.values(), ...brief.values()].map(({ instance }) => instance) : [];
  }

  take({ before, after }: ServiceChange, at: number): Turnover {
    const had = addressesOf(before);
    const has = addressesOf(after);
    const dropped = this.#dropped;
    let [went, came] = [0, 0];
    for (const [address, instance] of had)
      if (!has.has(address) && this.#lose(address, instance, at)) went += 1;
    for (const [address, instance] of has)
      if (!had.has(address) && this.#gain(address, instance, at)) came += 1;
    this.#present = has.size;
    this.#most = Math.max(this.#most, had.size, has.size);
    this.#dropped = Math.min(drop(dropped, went, came), this.brief);
    this.#bound();
    return { growth: has.size - had.size, went, came };
  }

  /** The window has left this change behind. */
  age(change: RecentChange): void {
    if (change.kind === 'gained') {
      this.#forget(change);
      // It has long taken the place of one that is gone: a loss that was believed must not become too large now.
      if (!this.#held) this.#forgetOldest('lost');
    } else if (this.#held) {
      this.ageing.delete(change);
      this.#overdue.add(change);
    } else this.#forget(change);
  }

  hold(): void {
    this.#held = true;
  }

  /** Ends the hold, and with it the losses that the window has left behind. */
  letGo(): void {
    this.#held = false;
    for (const change of this.#overdue) this.#forget(change);
  }

  /** @returns whether it had come within the window */
  #lose(address: string, instance: Instance, at: number): boolean {
    const gain = this.#changes.gained.get(address);
    if (gain !== undefined) this.#forget(gain);
    this.#add({ service: this, kind: gain === undefined ? 'lost' : 'brief', address, instance, at });
    return gain !== undefined;
  }

  /** @returns whether it is new; one of the window's start that is back is neither lost nor new */
  #gain(address: string, instance: Instance, at: number): boolean {
    const { lost, brief } = this.#changes;
    const loss = lost.get(address) ?? brief.get(address);
    if (loss !== undefined) this.#forget(loss);
    if (loss?.kind === 'lost') return false;
    this.#add({ service: this, kind: 'gained', address, instance, at });
    return true;
  }

  /** Where instances come and go all the time, no more of them are kept than there were at one time. */
  #bound(): void {
    while (this.brief > this.gained + this.#dropped) this.#forgetOldest('brief');
    while (this.lost > this.#most) this.#forgetOldest('lost');
  }

  #add(change: RecentChange): void {
    this.#changes[change.kind].set(change.address, change);
    this.ageing.add(change);
  }

  #forgetOldest(kind: RecentChange['kind']): void {
    for (const change of this.#changes[kind].values()) {
      this.#forget(change);
      return;
    }
  }

  #forget(change: RecentChange): void {
    this.#changes[change.kind].delete(change.address);
    this.ageing.delete(change);
    this.#overdue.delete(change);
    this.#dropped = Math.min(this.#dropped, this.brief);
  }
}

/** The instances of a state by address. */
export function addressesOf(state: ServiceState | undefined): ReadonlyMap<string, Instance> {
  return new Map(state?.instances.map((instance) => [addressOf(instance), instance]));
}
