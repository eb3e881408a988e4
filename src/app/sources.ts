import type { Logger } from 'pino';
import type { RegistryOptions } from '../config/registries.js';
import { createConsulKvSources } from '../discovery/consul-kv/source.js';
import { createFileSource } from '../discovery/file/source.js';
import type { Source } from '../discovery/source.js';
import { createZooKeeperSources } from '../discovery/zookeeper/source.js';

export interface SourceDependencies {
  readonly logger: Logger;
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
    case 'file':
      return createFileSource(registry, options, { folder: process.cwd() });
    case 'zookeeper':
      return createZooKeeperSources(registry, options, deps);
  }
}
