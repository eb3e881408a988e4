import type { Logger } from 'pino';
import type { SignalboxError } from '../../errors.js';
import type { Source, SourceSink } from '../source.js';
import { EtcdConnections } from './connections.js';
import { displayNameOf } from './endpoint.js';
import type { KeyChange } from './held-keys.js';
import type { EtcdOptions } from './options.js';
import { type EtcdPrefixSink, EtcdPrefixWatch } from './prefix-watch.js';
import { ServiceTable } from './service-table.js';

export interface EtcdSourceDeps {
  readonly logger: Logger;
  /** Given where others watch the same etcd. */
  readonly connections?: EtcdConnections;
}

/** One source: the endpoints are members of one cluster. */
export function createEtcdSources(
  registry: string,
  options: EtcdOptions,
  deps: EtcdSourceDeps,
): readonly Source[] {
  return [new EtcdSource(registry, options, deps.connections ?? new EtcdConnections(), deps.logger)];
}

class EtcdSource implements Source {
  readonly server: string;

  constructor(
    readonly registry: string,
    private readonly options: EtcdOptions,
    private readonly connections: EtcdConnections,
    private readonly logger: Logger,
  ) {
    this.server = displayNameOf(options.endpoints);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { options } = this;
    const watch = new EtcdPrefixWatch(
      {
        prefix: folderOf(options.prefix),
        connection: options,
        page_size: options.page_size,
        relist_jitter: options.relist_jitter,
      },
      this.connections,
      this.logger,
    );
    await watch.run(new ServiceSink(options.weight, sink, this.logger), signal);
  }
}

/**
 * A prefix that ends in a letter or digit is a whole name: `/services` does not mean `/services-old/…`. One that ends in
 * anything else, such as `/` or `-`, is taken as it stands.
 */
export function folderOf(prefix: string): string {
  return /[A-Za-z0-9]$/.test(prefix) ? `${prefix}/` : prefix;
}

/** Makes services out of keys. */
class ServiceSink implements EtcdPrefixSink {
  readonly #table: ServiceTable;
  #toldOfStray = false;

  constructor(
    weight: number,
    private readonly sink: SourceSink,
    private readonly logger: Logger,
  ) {
    this.#table = new ServiceTable(weight);
  }

  changed({ key, value }: KeyChange): void {
    if (this.#table.change(key, value) || this.#toldOfStray) return;
    this.#toldOfStray = true;
    this.logger.debug(
      { key },
      'etcd: a key under the prefix is not <service>/<host:port>; such keys are ignored',
    );
  }

  synced(revision: string): void {
    for (const [service, state] of this.#table.takeTouched()) this.sink.set({ service }, state);
    this.sink.synced(revision);
  }

  failed(error: SignalboxError): void {
    this.sink.failed(error);
  }
}
