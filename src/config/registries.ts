import { z } from 'zod';
import { consulOptions } from '../discovery/consul/options.js';
import { consulKvAliases } from '../discovery/consul-kv/aliases.js';
import { consulKvOptions } from '../discovery/consul-kv/options.js';
import { etcdOptions } from '../discovery/etcd/options.js';
import { eurekaOptions } from '../discovery/eureka/options.js';
import { fileOptions } from '../discovery/file/options.js';
import { nacosOptions } from '../discovery/nacos/options.js';
import { zookeeperAliases } from '../discovery/zookeeper/aliases.js';
import { zookeeperOptions } from '../discovery/zookeeper/options.js';
import type { Aliases } from './aliases.js';

/** Every type of registry, by its options: a new one is an import and a line here. */
export const registryOptions = z.discriminatedUnion('type', [
  consulKvOptions,
  consulOptions,
  etcdOptions,
  eurekaOptions,
  fileOptions,
  nacosOptions,
  zookeeperOptions,
]);
export type RegistryOptions = z.output<typeof registryOptions>;
/** The types of registries there are. */
export type RegistryType = RegistryOptions['type'];

/** Older spellings of options, for the types that have some. */
export const registryAliases: Readonly<Partial<Record<RegistryType, Aliases>>> = {
  consul_kv: consulKvAliases,
  zookeeper: zookeeperAliases,
};

export const registryTypes: readonly RegistryType[] = registryOptions.options.map(
  (options) => options.shape.type.value,
);
