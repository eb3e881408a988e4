import { consulLab } from './consul.js';
import { etcdLab } from './etcd.js';
import { eurekaLab } from './eureka.js';
import { nacosLab } from './nacos.js';
import type { RegistryLab } from './registry.js';
import { zookeeperLab } from './zookeeper.js';

const LABS: Readonly<Record<string, () => Promise<RegistryLab>>> = {
  etcd: etcdLab,
  consul: async () => await consulLab(),
  'consul-many': async () => await consulLab(40),
  zookeeper: zookeeperLab,
  nacos: nacosLab,
  eureka: eurekaLab,
};

/** The names of the registries. */
export const REGISTRIES: readonly string[] = Object.keys(LABS);

/** A new registry that takes writes. @param name one of {@link REGISTRIES} */
export async function startRegistry(name: string): Promise<RegistryLab> {
  const start = LABS[name];
  if (start === undefined) throw new Error(`no registry ${name}: there are ${REGISTRIES.join(', ')}`);
  return await start();
}
