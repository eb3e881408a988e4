import type { Logger } from 'pino';
import type { RegistryOptions } from '../config/registries.js';
import type { EtcdConnections } from '../discovery/etcd/connections.js';
import type { Source } from '../discovery/source.js';
import type { DocumentSet } from '../documents/document-set.js';
import type { DocumentStoreOptions, FileStoreOptions } from '../documents/options.js';

export interface SourceDependencies {
  /** The services that routes and policies name, for a registry that is asked for those only. */
  readonly wanted: () => readonly string[];
  readonly documents: DocumentSet;
}

/** What is watched: a registry, or a store of documents. */
export type SourceOptions = RegistryOptions | DocumentStoreOptions | FileStoreOptions;

/**
 * Makes the sources of registries: the one place where registries are known by name. What a type needs is loaded when
 * it is first named, since the registries' clients take longer to load than all the rest.
 */
export class SourceFactory {
  /** Shared by all who want the same etcd. */
  #connections: EtcdConnections | undefined;

  constructor(private readonly shared: SourceDependencies) {}

  async create(
    registry: string,
    options: SourceOptions,
    { logger }: { readonly logger: Logger },
  ): Promise<readonly Source[]> {
    const { wanted, documents } = this.shared;
    switch (options.type) {
      case 'consul_kv': {
        const { createConsulKvSources } = await import('../discovery/consul-kv/source.js');
        return createConsulKvSources(registry, options, { logger });
      }
      case 'consul': {
        const { createConsulSources } = await import('../discovery/consul/source.js');
        return createConsulSources(registry, options, { logger });
      }
      case 'etcd': {
        const { createEtcdSources } = await import('../discovery/etcd/source.js');
        return createEtcdSources(registry, options, { logger, connections: await this.#etcd() });
      }
      case 'eureka': {
        const { createEurekaSources } = await import('../discovery/eureka/source.js');
        return createEurekaSources(registry, options, { logger });
      }
      case 'file': {
        const { createFileSource } = await import('../discovery/file/source.js');
        return createFileSource(registry, options);
      }
      case 'nacos': {
        const { createNacosSources } = await import('../discovery/nacos/source.js');
        return createNacosSources(registry, options, { logger, wanted });
      }
      case 'zookeeper': {
        const { createZooKeeperSources } = await import('../discovery/zookeeper/source.js');
        return createZooKeeperSources(registry, options, { logger });
      }
      case 'apisix_file': {
        const { FileStore } = await import('../documents/file-store.js');
        return [new FileStore(registry, options, { logger, documents })];
      }
      case 'signalbox_documents':
      case 'apisix_documents': {
        const { DocumentStore } = await import('../documents/document-store.js');
        return [new DocumentStore(registry, options, { logger, connections: await this.#etcd(), documents })];
      }
    }
  }

  async #etcd(): Promise<EtcdConnections> {
    const { EtcdConnections } = await import('../discovery/etcd/connections.js');
    this.#connections ??= new EtcdConnections();
    return this.#connections;
  }
}
