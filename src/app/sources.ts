import type { Logger } from 'pino';
import type { RegistryOptions } from '../config/registries.js';
import { createConsulSources } from '../discovery/consul/source.js';
import { createConsulKvSources } from '../discovery/consul-kv/source.js';
import { createEtcdSources } from '../discovery/etcd/source.js';
import { createEurekaSources } from '../discovery/eureka/source.js';
import { createFileSource } from '../discovery/file/source.js';
import { createNacosSources } from '../discovery/nacos/source.js';
import type { Source } from '../discovery/source.js';
import { createZooKeeperSources } from '../discovery/zookeeper/source.js';

export interface SourceDependencies {
  readonly logger: Logger;
  /** The services that routes and policies name, for a registry that is asked for those only. */
  readonly wanted?: () => readonly string[];
}

/** The sources of a registry: the one place where registries are known by name. */
export function createSources(
  registry: string,
  options: RegistryOptions,
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
  }
}
