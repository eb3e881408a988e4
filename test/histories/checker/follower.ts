import type { Instances } from '../history.js';
import { type Timeline, weightIn } from './timeline.js';

/** Whether a state can come after those before, only at another time, or never. */
export type Verdict = 'fine' | 'back' | 'invented';

/**
 * Follows what one proxy is shown of one service, or of one instance of it, along the service's timeline. As a
 * nondeterministic automaton does, it keeps every place in the timeline that the registry may have been at.
 */
export class Follower {
  /** Ascending. */
  #places: readonly number[] = [0];
  #shown: Instances = {};
  /** For each instance, the weights that were shown and replaced: each is written once only. */
  readonly #replaced = new Map<string, Set<number>>();

  /** @param addresses the instances that it looks at */
  constructor(
    private readonly timeline: Timeline,
    private readonly addresses: readonly string[],
  ) {}

  /** The earliest place that the registry may have been at when it had what is shown. */
  get earliest(): number {
    return this.#places[0] ?? 0;
  }

  /** The latest place at which the registry may have what is shown. */
  latest(at: number): number {
    return this.#after(this.#shown, at).at(-1) ?? this.earliest;
  }

  /** @param floor after a change of the server: the place that it may have gone back to */
  take(instances: Instances, at: number, floor?: number): Verdict {
    const sent = this.timeline.lastSent(at);
    const places =
      floor === undefined
        ? this.#after(instances, at)
        : this.#matching(instances, Math.min(floor, this.earliest), sent);
    const ever = places.length > 0 ? places : this.#matching(instances, 0, sent);
    if (ever.length === 0) return 'invented';
    for (const address of this.addresses) this.#replace(address, weightIn(instances, address));
    // After a violation, and with another server, nothing is known of what was replaced.
    if (places.length === 0 || floor !== undefined) this.#replaced.clear();
    this.#shown = instances;
    this.#places = ever;
    return places.length > 0 ? 'fine' : 'back';
  }

  #replace(address: string, weight: number): void {
    const before = weightIn(this.#shown, address);
    if (before === 0 || before === weight) return;
    const replaced = this.#replaced.get(address) ?? new Set();
    this.#replaced.set(address, replaced.add(before));
  }

  /** The places at which the registry may show this next. */
  #after(instances: Instances, at: number): readonly number[] {
    return this.#matching(instances, this.earliest, this.timeline.lastSent(at)).filter((to) =>
      this.#places.some(
        (from) => from <= to && this.addresses.every((address) => this.#leads(address, instances, from, to)),
      ),
    );
  }

  #matching(instances: Instances, from: number, to: number): readonly number[] {
    const places: number[] = [];
    for (let place = from; place <= to; place += 1)
      if (this.addresses.every((address) => this.timeline.may(address, weightIn(instances, address), place)))
        places.push(place);
    return places;
  }

  /** Whether an instance can come from what is shown at one place to this at another. */
  #leads(address: string, instances: Instances, from: number, to: number): boolean {
    const [before, after] = [weightIn(this.#shown, address), weightIn(instances, address)];
    const certain = this.timeline.certain(address, to);
    const happened = certain.index <= (this.timeline.positions[from] ?? 0);
    // Nothing acknowledged has happened to it in between.
    if (before === after && happened) return true;
    if (certain.weight === after && !happened) return true;
    if (this.timeline.doubtful(address, after, to) === undefined) return false;
    // A write happens once. Removals cannot be told apart, so that this holds for weights only.
    return after === 0 || (before !== after && this.#replaced.get(address)?.has(after) !== true);
  }
}
