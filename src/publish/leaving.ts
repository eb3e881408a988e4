import { addressOf, type Instance } from '../model/instance.js';

interface Known {
  /** What the service had when it was looked at last. */
  readonly present: ReadonlyMap<string, Instance>;
  readonly gone: ReadonlyMap<string, { readonly instance: Instance; readonly until: number }>;
}

/** Remembers the instances that have gone for as long as they are to be shown as leaving. Holds no timer. */
export class Leaving {
  readonly #services = new Map<string, Known>();
  /** Those of them that somebody is leaving. */
  readonly #left = new Set<string>();

  /**
   * Takes up what a service has now.
   * @param drainTime milliseconds that an instance stays; 0: the service is not followed
   * @param now milliseconds, of any clock that goes forward
   * @returns the instances that are leaving, by address; one that has come back is not among them
   */
  update(name: string, instances: readonly Instance[], drainTime: number, now: number): readonly Instance[] {
    if (drainTime === 0) {
      this.forget(name);
      return [];
    }
    const before = this.#services.get(name);
    const present = new Map(instances.map((instance) => [addressOf(instance), instance]));
    const gone = new Map(
      [...(before?.gone ?? [])].filter(([address, { until }]) => until > now && !present.has(address)),
    );
    for (const [address, instance] of before?.present ?? [])
      if (!present.has(address)) gone.set(address, { instance, until: now + drainTime });
    this.#services.set(name, { present, gone });
    if (gone.size > 0) this.#left.add(name);
    else this.#left.delete(name);
    return [...gone].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { instance }]) => instance);
  }

  /** Stops following a service. */
  forget(name: string): void {
    this.#services.delete(name);
    this.#left.delete(name);
  }

  /** The services of which an instance has left by now. */
  due(now: number): readonly string[] {
    return [...this.#left].filter((name) => this.#ends(name).some((until) => until <= now));
  }

  /** When the next instance has left; undefined where none is leaving. */
  next(): number | undefined {
    let next: number | undefined;
    for (const name of this.#left)
      for (const until of this.#ends(name)) if (next === undefined || until < next) next = until;
    return next;
  }

  #ends(name: string): readonly number[] {
    return [...(this.#services.get(name)?.gone.values() ?? [])].map(({ until }) => until);
  }
}
