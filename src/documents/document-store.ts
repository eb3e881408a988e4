import type { Logger } from 'pino';
import type { EtcdConnections } from '../discovery/etcd/connections.js';
import { displayNameOf } from '../discovery/etcd/endpoint.js';
import { EtcdPrefixWatch } from '../discovery/etcd/prefix-watch.js';
import { folderOf } from '../discovery/etcd/source.js';
import type { Source, SourceSink } from '../discovery/source.js';
import { ApisixTable } from './apisix/table.js';
import type { DocumentSet } from './document-set.js';
import type { DocumentTable } from './document-table.js';
import { logRejected } from './log-rejected.js';
import type { DocumentStoreOptions } from './options.js';
import { SignalboxTable } from './signalbox/table.js';

export interface DocumentStoreDeps {
  readonly logger: Logger;
  readonly connections: EtcdConnections;
  /** Told of each answer of the store before the catalogue is, so that both are taken up as one. */
  readonly documents: DocumentSet;
}

/**
 * A store of documents in etcd. It is a source like a registry: one that says services only where instances stand in
 * the documents themselves.
 */
export class DocumentStore implements Source {
  readonly server: string;

  constructor(
    readonly registry: string,
    private readonly options: DocumentStoreOptions,
    private readonly deps: DocumentStoreDeps,
  ) {
    this.server = displayNameOf(options.endpoints);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { options, deps } = this;
    const prefix = folderOf(options.prefix);
    const table = this.#newTable(prefix);
    let whole = true;
    const watch = new EtcdPrefixWatch(
      {
        prefix,
        connection: options,
        page_size: options.page_size,
        relist_jitter: options.relist_jitter,
      },
      deps.connections,
      deps.logger,
    );
    await watch.run(
      {
        changed: ({ key, value }) => table.change(key, value),
        synced: (revision) => {
          const changes = table.take();
          logRejected(deps.logger, this.registry, changes);
          for (const [service, state] of changes.services) sink.set({ service }, state);
          deps.documents.apply(this.registry, changes, whole);
          whole = false;
          sink.synced(revision);
        },
        failed: (error) => sink.failed(error),
      },
      signal,
    );
  }

  #newTable(prefix: string): DocumentTable {
    switch (this.options.type) {
      case 'signalbox_documents':
        return new SignalboxTable(prefix);
      case 'apisix_documents':
        return new ApisixTable(prefix, this.options.keyring);
    }
  }
}
