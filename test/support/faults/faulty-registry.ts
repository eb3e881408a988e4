import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consul } from '../../peers/consul.js';
import { ConsulCatalog } from '../../peers/consul-catalog.js';
import { Etcd } from '../../peers/etcd.js';
import { Eureka } from '../../peers/eureka.js';
import { Nacos } from '../../peers/nacos.js';
import { freePort, type PeerProcess } from '../../peers/process.js';
import { TcpProxy } from '../../peers/tcp-proxy.js';
import { ZooKeeperServer } from '../../peers/zookeeper.js';
import { ZooKeeperTestClient } from '../../peers/zookeeper-client.js';
import type { Fault, Injection } from './fault.js';

/** A registry with one service in it, and all that can befall it. */
export interface FaultyRegistry {
  /** The name and the type of the registry in the configuration. */
  readonly type: string;
  readonly service: string;
  /** Its block under `discovery`. */
  readonly options: object;
  /** What the registry says goes through these. */
  readonly proxies: readonly TcpProxy[];
  /** Makes these ports of loopback the service's instances: first what comes, then what goes. */
  set(ports: readonly number[]): Promise<void>;
  readonly faults: Readonly<Record<Fault, Injection | string>>;
  close(): Promise<void>;
}

/** A server under test. */
interface Server {
  readonly process: PeerProcess;
  start(): Promise<void>;
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Of what is stored while it does not run. */
  wipe?(): void | Promise<void>;
  close(): Promise<void>;
}

interface Description {
  readonly type: string;
  readonly service: string;
  readonly options: object;
  readonly server: Server;
  readonly proxies: readonly TcpProxy[];
  /** Where it stores nothing, so that to be killed is to be wiped. */
  readonly inMemory?: boolean;
  add(port: number): Promise<void>;
  remove(port: number): Promise<void>;
  close?(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Longer than a busy machine takes for most answers, and short enough for a frozen server to be noticed soon. */
const PATIENCE = { connect: 3_000, read: 3_000 };
/** Even one instance of two is not given up without a second look. */
const GUARD = { mass_loss: { large: 1 } };
const SLOW = 2_000;
const IN_MEMORY = 'it holds instances in memory only: killed and restarted, it is wiped';

function faulty(description: Description): FaultyRegistry {
  const { type, service, options, server, proxies, add, remove } = description;
  let now: readonly number[] = [];
  // What lives tells the registry again, as instances do when it has forgotten them.
  const again = async () => {
    for (const port of now) await add(port);
  };
  const forward = async () => {
    for (const proxy of proxies) proxy.forward();
  };
  return {
    type,
    service,
    options: { ...GUARD, ...options },
    proxies,
    set: async (ports) => {
      for (const port of ports) if (!now.includes(port)) await add(port);
      for (const port of now) if (!ports.includes(port)) await remove(port);
      now = ports;
    },
    faults: {
      killed: async () => {
        await server.stop('SIGKILL');
        return async () => {
          await server.start();
          await again();
        };
      },
      restarted: async () => {
        await server.stop('SIGTERM');
        await server.start();
        await again();
        return async () => undefined;
      },
      frozen: async () => {
        server.process.freeze();
        return async () => server.process.thaw();
      },
      'slow by 2 s': async () => {
        for (const proxy of proxies) proxy.delay = SLOW;
        return async () => {
          for (const proxy of proxies) proxy.delay = 0;
        };
      },
      'cut in mid-message': async () => {
        const cuts = proxies.map((proxy) => proxy.cutAfter(20));
        // So that there is a message to be cut.
        for (const port of now) {
          await remove(port);
          await add(port);
        }
        await Promise.race(cuts);
        return async () => undefined;
      },
      'answering garbage': async () => {
        for (const proxy of proxies) proxy.garble();
        return forward;
      },
      wiped:
        description.inMemory === true
          ? IN_MEMORY
          : async () => {
              await server.stop('SIGKILL');
              await server.wipe?.();
              await server.start();
              return again;
            },
    },
    close: async () => {
      await description.close?.();
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await server.close();
    },
  };
}

async function consulKv(): Promise<FaultyRegistry> {
  const consul = await Consul.start({ mode: 'server' });
  const proxy = await TcpProxy.start(Number(new URL(consul.url).port));
  const key = (port: number) => `upstreams/kv-service/${HOST}:${port}`;
  return faulty({
    type: 'consul_kv',
    service: 'kv-service',
    options: { servers: [`http://${HOST}:${proxy.port}`], timeout: { ...PATIENCE, wait: 1 } },
    server: consul,
    proxies: [proxy],
    add: async (port) => await consul.kv.put(key(port), { weight: 1 }),
    remove: async (port) => await consul.kv.delete(key(port)),
  });
}

async function consulCatalogue(): Promise<FaultyRegistry> {
  const consul = await Consul.start({ mode: 'server' });
  const catalog = new ConsulCatalog(consul.url);
  const proxy = await TcpProxy.start(Number(new URL(consul.url).port));
  const service = 'catalogue-service';
  return faulty({
    type: 'consul',
    service,
    options: { servers: [`http://${HOST}:${proxy.port}`], timeout: { ...PATIENCE, wait: 1 } },
    server: consul,
    proxies: [proxy],
    add: async (port) => await catalog.register({ service, id: `${service}-${port}`, address: HOST, port }),
    remove: async (port) => await catalog.deregister('node', `${service}-${port}`),
    close: async () => await catalog.close(),
  });
}

async function etcd(): Promise<FaultyRegistry> {
  const server = await Etcd.start();
  const proxy = await TcpProxy.start(server.port);
  const key = (port: number) => `/services/etcd-service/${HOST}:${port}`;
  return faulty({
    type: 'etcd',
    service: 'etcd-service',
    options: { endpoints: [`http://${HOST}:${proxy.port}`], timeout: PATIENCE, keepalive_interval: 1 },
    server,
    proxies: [proxy],
    add: async (port) => void (await server.client.put(key(port), { weight: 1 })),
    remove: async (port) => void (await server.client.delete(key(port))),
  });
}

async function eureka(): Promise<FaultyRegistry> {
  const server = await Eureka.start();
  const url = new URL(server.urlWithPassword);
  const proxy = await TcpProxy.start(Number(url.port));
  url.port = String(proxy.port);
  const app = 'EUREKA-SERVICE';
  return faulty({
    type: 'eureka',
    service: app,
    options: { host: [url.href], fetch_interval: 1, timeout: PATIENCE },
    server,
    proxies: [proxy],
    inMemory: true,
    add: async (port) => await server.register({ app, host: HOST, port }),
    remove: async (port) => await server.deregister({ app, host: HOST, port }),
  });
}

/** Its gRPC port is the one of HTTP and 1000. */
const GRPC = 1_000;

async function nacos(): Promise<FaultyRegistry> {
  const server = await Nacos.start();
  const port = Number(new URL(server.url).port);
  const near = await freePort();
  const proxies = [await TcpProxy.start(port, near), await TcpProxy.start(port + GRPC, near + GRPC)];
  const instance = (at: number) => ({ serviceName: 'nacos-service', ip: HOST, port: at });
  return faulty({
    type: 'nacos',
    service: 'nacos-service',
    options: { host: [`http://${HOST}:${near}`], fetch_interval: 1, timeout: PATIENCE },
    server,
    proxies,
    inMemory: true,
    add: async (at) => await server.register(instance(at)),
    remove: async (at) => await server.deregister(instance(at)),
  });
}

async function zookeeper(): Promise<FaultyRegistry> {
  const server = await ZooKeeperServer.start();
  const proxy = await TcpProxy.start(Number(server.host.split(':')[1]));
  const path = (port: number) => `/services/zookeeper-service/${HOST}:${port}`;
  // A server that was ended or frozen wants a new client.
  const write = async (act: (client: ZooKeeperTestClient) => Promise<void>) => {
    const client = await ZooKeeperTestClient.connect(server.host);
    await act(client).finally(() => client.close());
  };
  return faulty({
    type: 'zookeeper',
    service: 'zookeeper-service',
    options: { hosts: [`${HOST}:${proxy.port}`], timeout: PATIENCE.read },
    server,
    proxies: [proxy],
    add: async (port) => await write((client) => client.put(path(port), '{"weight":1}')),
    remove: async (port) => await write((client) => client.remove(path(port))),
  });
}

const NO_SERVER = 'a file has no server';

async function file(): Promise<FaultyRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-services-'));
  const path = join(folder, 'services.yaml');
  let ports: readonly number[] = [];
  const text = () =>
    JSON.stringify({ services: { 'file-service': ports.map((port) => ({ host: HOST, port })) } });
  const write = async (content = text()) => {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  };
  const back = async () => await write();
  const overwritten =
    (content: () => string): Injection =>
    async () => {
      await write(content());
      return back;
    };
  await write();
  return {
    type: 'file',
    service: 'file-service',
    options: { ...GUARD, path },
    proxies: [],
    set: async (wanted) => {
      ports = wanted;
      await write();
    },
    faults: {
      killed: async () => {
        rmSync(path);
        return back;
      },
      restarted: async () => {
        rmSync(path);
        await back();
        return back;
      },
      frozen: NO_SERVER,
      'slow by 2 s': NO_SERVER,
      'cut in mid-message': overwritten(() => text().slice(0, -15)),
      'answering garbage': overwritten(() => '\u0000\u0007{]garbage: ['),
      wiped: overwritten(() => '{"services":{}}'),
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One of each of the seven registries, all started at once. */
export async function startFaultyRegistries(): Promise<readonly FaultyRegistry[]> {
  const starters = [consulKv, consulCatalogue, etcd, eureka, zookeeper, nacos, file];
  return await Promise.all(starters.map(async (start) => await start()));
}
