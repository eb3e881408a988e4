import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consul } from '../peers/consul.js';
import { ConsulCatalog } from '../peers/consul-catalog.js';
import { Etcd } from '../peers/etcd.js';
import { Eureka } from '../peers/eureka.js';
import { Nacos } from '../peers/nacos.js';
import { ZooKeeperServer } from '../peers/zookeeper.js';

/** An instance as all registries can say it; on loopback. */
interface Port {
  readonly port: number;
}

/** A real registry of any type, with one service in it. */
export interface RegistryPeer {
  /** The name and the type of the registry in the configuration. */
  readonly type: string;
  readonly service: string;
  /** Its block under `discovery`. */
  readonly options: object;
  add(instance: Port): Promise<void>;
  remove(instance: Port): Promise<void>;
  /** Ends it without a good-bye. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** So that a busy machine is not taken for a dead server. */
const PATIENCE = { connect: 10_000, read: 10_000 };
const HOST = '127.0.0.1';

const starters: readonly (() => Promise<RegistryPeer>)[] = [
  startConsulKv,
  startConsul,
  startEtcd,
  startEureka,
  startFile,
  startNacos,
  startZooKeeper,
];

/** One of each of the seven registries, all started at once. */
export async function startAllRegistries(): Promise<readonly RegistryPeer[]> {
  return await Promise.all(starters.map(async (start) => await start()));
}

async function startConsulKv(): Promise<RegistryPeer> {
  const consul = await Consul.start();
  const key = ({ port }: Port) => `upstreams/kv-service/${HOST}:${port}`;
  return {
    type: 'consul_kv',
    service: 'kv-service',
    options: { servers: [consul.url], timeout: PATIENCE },
    add: async (instance) => await consul.kv.put(key(instance), { weight: 1 }),
    remove: async (instance) => await consul.kv.delete(key(instance)),
    kill: async () => await consul.stop('SIGKILL'),
    close: async () => await consul.close(),
  };
}

async function startConsul(): Promise<RegistryPeer> {
  const consul = await Consul.start();
  const catalog = new ConsulCatalog(consul.url);
  const service = 'catalogue-service';
  const id = ({ port }: Port) => `${service}-${port}`;
  return {
    type: 'consul',
    service,
    options: { servers: [consul.url], timeout: PATIENCE },
    add: async (instance) =>
      await catalog.register({ service, id: id(instance), address: HOST, port: instance.port }),
    remove: async (instance) => await catalog.deregister('node', id(instance)),
    kill: async () => await consul.stop('SIGKILL'),
    close: async () => {
      await catalog.close();
      await consul.close();
    },
  };
}

async function startEtcd(): Promise<RegistryPeer> {
  const etcd = await Etcd.start();
  const key = ({ port }: Port) => `/services/etcd-service/${HOST}:${port}`;
  return {
    type: 'etcd',
    service: 'etcd-service',
    options: { endpoints: [etcd.url], timeout: PATIENCE },
    add: async (instance) => void (await etcd.client.put(key(instance), { weight: 1 })),
    remove: async (instance) => void (await etcd.client.delete(key(instance))),
    kill: async () => await etcd.stop(),
    close: async () => await etcd.close(),
  };
}

async function startEureka(): Promise<RegistryPeer> {
  const eureka = await Eureka.start();
  const app = 'EUREKA-SERVICE';
  const instance = ({ port }: Port) => ({ app, host: HOST, port });
  return {
    type: 'eureka',
    service: app,
    options: { host: [eureka.urlWithPassword], fetch_interval: 1, timeout: PATIENCE },
    add: async (added) => await eureka.register(instance(added)),
    remove: async (removed) => await eureka.deregister(instance(removed)),
    kill: async () => await eureka.stop(),
    close: async () => await eureka.close(),
  };
}

async function startFile(): Promise<RegistryPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-services-'));
  const path = join(folder, 'services.yaml');
  const ports = new Set<number>();
  const write = () => {
    const services = { 'file-service': [...ports].map((port) => ({ host: HOST, port })) };
    writeFileSync(`${path}.new`, JSON.stringify({ services }));
    renameSync(`${path}.new`, path);
  };
  write();
  return {
    type: 'file',
    service: 'file-service',
    options: { path },
    add: async ({ port }) => {
      ports.add(port);
      write();
    },
    remove: async ({ port }) => {
      ports.delete(port);
      write();
    },
    kill: async () => rmSync(path),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function startNacos(): Promise<RegistryPeer> {
  const nacos = await Nacos.start();
  const instance = ({ port }: Port) => ({ serviceName: 'nacos-service', ip: HOST, port });
  return {
    type: 'nacos',
    service: 'nacos-service',
    options: { host: [nacos.url], fetch_interval: 1, timeout: PATIENCE },
    add: async (added) => await nacos.register(instance(added)),
    remove: async (removed) => await nacos.deregister(instance(removed)),
    kill: async () => await nacos.stop('SIGKILL'),
    close: async () => await nacos.close(),
  };
}

async function startZooKeeper(): Promise<RegistryPeer> {
  const zookeeper = await ZooKeeperServer.start();
  const client = await zookeeper.client();
  const path = ({ port }: Port) => `/services/zookeeper-service/${HOST}:${port}`;
  return {
    type: 'zookeeper',
    service: 'zookeeper-service',
    options: { hosts: [zookeeper.host], timeout: 10_000 },
    add: async (instance) => await client.put(path(instance), '{"weight":1}'),
    remove: async (instance) => await client.remove(path(instance)),
    kill: async () => {
      client.close();
      await zookeeper.stop();
    },
    close: async () => {
      client.close();
      await zookeeper.close();
    },
  };
}
