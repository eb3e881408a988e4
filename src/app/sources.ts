import type { Logger } from 'pino';
import type { RegistryOptions } from '../config/registries.js';
import { createConsulSources } from '../discovery/consul/source.js';
import { createConsulKvSources } from '../discovery/consul-kv/source.js';
import type { EtcdConnections } from '../discovery/etcd/connections.js';
import { createEtcdSources } from '../discovery/etcd/source.js';
import { createEurekaSources } from '../discovery/eureka/source.js';
import { createFileSource } from '../discovery/file/source.js';
import { createNacosSources } from '../discovery/nacos/source.js';
import type { Source } from '../discovery/source.js';
import { createZooKeeperSources } from '../discovery/zookeeper/source.js';
import type { DocumentSet } from '../documents/document-set.js';
import { DocumentStore } from '../documents/document-store.js';
import type { DocumentStoreOptions } from '../documents/options.js';

export interface SourceDependencies {
  readonly logger: Logger;
  /** The services that routes and policies name, for a registry that is asked for those only. */
  readonly wanted?: () => readonly string[];
  /** Shared by all who want the same etcd. */
  readonly connections: EtcdConnections;
  readonly documents: DocumentSet;
}

/** What is watched: a registry, or a store of documents. */
export type SourceOptions = RegistryOptions | DocumentStoreOptions;

/** The sources of a registry: the one place where registries are known by name. */
export function createSources(
  registry: string,
  options: SourceOptions,
  deps: SourceDependencies,
): readonly Source[] {
  switch (options.type) {
    case 'consul_kv':
      return createConsulKvSources(registry, options, deps);
    case 'consul':
      return createConsulSources(registry, options, deps);
    case 'etcd':
      return createEtcdSources(registry, options, deps);
    case 'eureka':
      return createEurekaSources(registry, options, deps);
    case 'file':
      return createFileSource(registry, options);
    case 'nacos':
      return createNacosSources(registry, options, deps);
    case 'zookeeper':
      return createZooKeeperSources(registry, options, deps);
    case 'signalbox_documents':
    case 'apisix_documents':
      return [new DocumentStore(registry, options, deps)];
  }
}
