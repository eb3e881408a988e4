import type { Logger } from 'pino';
import type { ServiceState, SourceSink } from '../source.js';
import type { CatalogMapping } from './catalog-mapping.js';

/** Gathers what changed and tells the sink of it as a whole. What a failure kept from being told is told later. */
export class Publication {
  readonly #changes = new Map<string, ServiceState | undefined>();

  constructor(
    private readonly mapping: CatalogMapping,
    private readonly sink: SourceSink,
    private readonly logger: Logger,
  ) {}

  /** @param entries undefined where the token may not see them: what is known of the service stays */
  take(service: string, entries: readonly unknown[] | undefined): void {
    if (entries === undefined)
      this.logger.warn(
        { service },
        'the token may not see the instances of this service: they stay as they were',
      );
    else this.mapping.take(service, entries, (state) => this.#changes.set(service, state));
  }

  /** Takes out all other services. */
  keepOnly(services: ReadonlySet<string>): void {
    for (const service of [...this.mapping.names].filter((name) => !services.has(name))) {
      this.#changes.delete(service);
      if (this.mapping.drop(service)) this.#changes.set(service, undefined);
    }
  }

  /** @param index the index of the list of services */
  synced(index: number): void {
    for (const [service, state] of this.#changes) this.sink.set({ service }, state);
    this.#changes.clear();
    this.sink.synced(String(index));
  }
}
