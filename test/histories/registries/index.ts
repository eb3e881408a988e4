import { consulLab } from './consul.js';
import { etcdLab } from './etcd.js';
import { eurekaLab } from './eureka.js';
import { nacosLab } from './nacos.js';
import type { RegistryLab } from './registry.js';
import { zookeeperLab } from './zookeeper.js';

const LABS: Readonly<Record<string, () => Promise<RegistryLab>>> = {
  etcd: etcdLab,
  consul: consulLab,
  zookeeper: zookeeperLab,
  nacos: nacosLab,
  eureka: eurekaLab,
};

/** The types of the registries. */
export const REGISTRIES: readonly string[] = Object.keys(LABS);

/** A new registry that takes writes. @param type one of {@link REGISTRIES} */
export async function startRegistry(type: string): Promise<RegistryLab> {
  const start = LABS[type];
  if (start === undefined) throw new Error(`no registry ${type}: there are ${REGISTRIES.join(', ')}`);
  return await start();
}
