import { setTimeout } from 'node:timers/promises';
import type { Random } from '../conformance/random.js';
import type { Outcome, Write } from './history.js';

/** What one write does to a service: instances with their weights, and addresses that go. */
export interface Change {
  readonly service: string;
  readonly index: number;
  readonly puts: readonly string[];
  readonly removes: readonly string[];
}

export interface WriterOptions {
  readonly services: readonly string[];
  /** The addresses of a service. Where `keeps` says so, its first one is never removed. */
  addressesOf(service: string): readonly string[];
  keeps(service: string): boolean;
  /** How many instances one write may change. */
  readonly atOnce: number;
  /** Milliseconds between two writes, at most. */
  readonly pause: number;
  /** Makes the change at a member of the registry; throws {@link NotSent}, or anything else where the outcome is unknown. */
  write(change: Change, member: number): Promise<void>;
  readonly record: (write: Write) => void;
}

/** A write that has not reached the registry. */
export class NotSent extends Error {}

/** Changes its services, one write after the other. Nobody else writes to them. */
export class Writer {
  readonly #indexes = new Map<string, number>();
  /** What is there, as far as the writer knows. */
  readonly #present = new Map<string, Set<string>>();
  #member = 0;

  constructor(
    private readonly options: WriterOptions,
    private readonly random: Random,
  ) {}

  /** Puts all instances of all services. */
  async fill(): Promise<void> {
    for (const service of this.options.services)
      for (const address of this.options.addressesOf(service))
        while ((await this.#write(service, [address], [])) !== 'ok') await setTimeout(100);
  }

  /** Writes until aborted, and resolves when the last write has its outcome. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#change(this.random.pick(this.options.services));
      await setTimeout(this.random.below(this.options.pause), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Records that the registry lost everything between two times. */
  wiped(from: number, to: number): void {
    for (const service of this.options.services) {
      const removes = this.options.addressesOf(service);
      const index = this.#next(service);
      this.options.record({ service, index, puts: [], removes, outcome: 'ok', from, to });
      this.#present.delete(service);
    }
  }

  async #change(service: string): Promise<void> {
    const { addressesOf, keeps, atOnce } = this.options;
    const all = addressesOf(service);
    const touched = this.#some(all, 1 + this.random.below(atOnce));
    const present = this.#present.get(service) ?? new Set();
    const removes = touched.filter(
      (address) => present.has(address) && !(keeps(service) && address === all[0]) && this.random.chance(0.4),
    );
    await this.#write(
      service,
      touched.filter((address) => !removes.includes(address)),
      removes,
    );
  }

  async #write(service: string, puts: readonly string[], removes: readonly string[]): Promise<Outcome> {
    const change = { service, index: this.#next(service), puts, removes };
    const from = performance.now();
    const outcome = await this.options.write(change, this.#member).then(
      () => 'ok' as const,
      (thrown: unknown) => (thrown instanceof NotSent ? 'failed' : 'unknown'),
    );
    this.options.record({ ...change, outcome, from, to: performance.now() });
    if (outcome === 'ok') this.#took(change);
    else this.#member += 1;
    return outcome;
  }

  #took({ service, puts, removes }: Change): void {
    const present = this.#present.get(service) ?? new Set();
    for (const address of puts) present.add(address);
    for (const address of removes) present.delete(address);
    this.#present.set(service, present);
  }

  #next(service: string): number {
    const index = (this.#indexes.get(service) ?? 0) + 1;
    this.#indexes.set(service, index);
    return index;
  }

  #some(addresses: readonly string[], count: number): readonly string[] {
    const left = [...addresses];
    return Array.from({ length: Math.min(count, left.length) }, () =>
      left.splice(this.random.below(left.length), 1),
    ).flat();
  }
}
