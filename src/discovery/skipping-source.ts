import type { ServiceKey, Source, SourceSink } from './source.js';

/** A source that says nothing of the services to skip. */
export class SkippingSource implements Source {
  readonly registry: string;
  readonly server: string;

  constructor(
    private readonly source: Source,
    private readonly skipped: (service: string) => boolean,
  ) {
    this.registry = source.registry;
    this.server = source.server;
  }

  alias(name: string): ServiceKey | undefined {
    return this.source.alias?.(name);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const told: SourceSink = {
      set: (key, state) => {
        if (!this.skipped(key.service)) sink.set(key, state);
      },
      synced: (revision) => sink.synced(revision),
      failed: (error) => sink.failed(error),
      serviceFailed: (key, error) => {
        if (!this.skipped(key.service)) sink.serviceFailed(key, error);
      },
    };
    await this.source.run(told, signal);
  }
}
