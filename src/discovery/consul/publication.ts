import type { SignalboxError } from '../../errors.js';
import { nameError, nameProblem } from '../service-name.js';
import type { ServiceState } from '../source.js';
import type { CatalogMapping } from './catalog-mapping.js';
import type { ServiceRead } from './service-read.js';

/** Gathers what changed and tells the sink of it as a whole. What a failure kept from being told is told later. */
export class Publication {
  readonly #changes = new Map<string, ServiceState | undefined>();
  /** The services whose query fails. */
  readonly #failing = new Map<string, SignalboxError>();
  /** The services that the API cannot address. */
  readonly #unusable = new Set<string>();
  /** How many services there are to be queried. */
  #queried = 0;

  /** @param sink gets names of services in place of keys */
  constructor(
    private readonly mapping: CatalogMapping,
    private readonly sink: {
      set(service: string, state: ServiceState | undefined): void;
      synced(revision: string): void;
      failed(error: SignalboxError): void;
      serviceFailed(service: string, error: SignalboxError): void;
    },
  ) {}

  /** Takes what the query of a service came to. Of one that fails, what is known stays. */
  take(service: string, { entries, error }: ServiceRead): void {
    if (error !== undefined) {
      this.#failing.set(service, error);
      this.sink.serviceFailed(service, error);
      return;
    }
    const recovers = this.#failing.delete(service);
    if (recovers) {
      // The state of a service that failed is told again, whether it has changed or not.
      this.mapping.drop(service);
      this.#changes.set(service, undefined);
    }
    this.mapping.take(service, entries, (state) => this.#changes.set(service, state));
  }

  /**
   * Takes the list of all services: others are gone.
   * @returns those that can be queried
   */
  adopt(listed: ReadonlySet<string>): ReadonlySet<string> {
    const known = [...this.mapping.names, ...this.#failing.keys(), ...this.#unusable];
    for (const service of new Set(known)) if (!listed.has(service)) this.#forget(service);
    const usable = new Set<string>();
    for (const service of listed) {
      const problem = nameProblem(service, 'consul');
      if (problem === undefined) usable.add(service);
      else if (!this.#unusable.has(service)) this.#refuse(service, problem);
    }
    this.#queried = usable.size;
    return usable;
  }

  /**
   * The registry has answered. Where the query of each service fails it has not: what it is known to have lost is told all the same.
   * @param index the index of the list of services
   */
  synced(index: number): void {
    const [first] = this.#failing.values();
    const isMute = first !== undefined && this.#failing.size >= this.#queried;
    if (!isMute || this.#changes.size > 0) {
      for (const [service, state] of this.#changes) this.sink.set(service, state);
      this.#changes.clear();
      this.sink.synced(String(index));
    }
    if (isMute) this.sink.failed(first);
  }

  #forget(service: string): void {
    this.#changes.delete(service);
    const failed = this.#failing.delete(service);
    const refused = this.#unusable.delete(service);
    if (this.mapping.drop(service) || failed || refused) this.#changes.set(service, undefined);
  }

  #refuse(service: string, problem: string): void {
    this.#unusable.add(service);
    this.sink.serviceFailed(service, nameError(service, problem));
  }
}
