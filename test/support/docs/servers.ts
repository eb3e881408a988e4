import { createServer } from 'node:http';
import { parse } from 'yaml';
import { Consul, installConsul } from '../../peers/consul.js';
import { installEnvoy } from '../../peers/envoy.js';
import { Etcd } from '../../peers/etcd.js';
import { Eureka } from '../../peers/eureka.js';
import { Nacos } from '../../peers/nacos.js';
import { ZooKeeperServer } from '../../peers/zookeeper.js';
import type { Block } from './block.js';
import type { Need } from './kind.js';

/** What a page needs, running or installed. */
export interface Provided {
  /** The port that documentation calls it by, and the one that it has. */
  readonly ports?: readonly [number, number];
  /** Programs for PATH: name, and the words that start it. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly close?: () => Promise<unknown>;
}

export const PROVIDERS: Readonly<Record<Exclude<Need, 'samples' | 'signalbox'>, () => Promise<Provided>>> = {
  // No hot restart, so no shared memory that another Envoy of this machine could hold.
  envoy: async () => ({ programs: { envoy: `'${await installEnvoy()}' --disable-hot-restart` } }),
  consul: async () => {
    const consul = await Consul.start();
    const program = `env CONSUL_HTTP_ADDR=${consul.url} '${await installConsul()}'`;
    return {
      ports: [8500, Number(new URL(consul.url).port)],
      programs: { consul: program },
      close: () => consul.close(),
    };
  },
  etcd: async () => {
    const etcd = await Etcd.start();
    return { ports: [2379, etcd.port], close: () => etcd.close() };
  },
  eureka: async () => {
    const eureka = await Eureka.start();
    return { ports: [8761, Number(new URL(eureka.url).port)], close: () => eureka.close() };
  },
  nacos: async () => {
    const nacos = await Nacos.start();
    return { ports: [8848, nacos.port], close: () => nacos.close() };
  },
  zookeeper: async () => {
    const zookeeper = await ZooKeeperServer.start();
    return { ports: [2181, zookeeper.port], close: () => zookeeper.close() };
  },
};

/**
 * A small HTTP service for each instance on loopback.
 * @param blocks of `yaml services`
 * @param port what is used for a port of the page
 */
export async function startSamples(
  blocks: readonly Block[],
  port: (named: number) => number,
): Promise<Provided> {
  const started = await Promise.all(blocks.flatMap((block) => samplesOf(block, port)));
  return { close: () => Promise.all(started.map((stop) => stop())) };
}

function samplesOf(block: Block, port: (named: number) => number): readonly Promise<() => Promise<void>>[] {
  const { services } = parse(block.text) as {
    readonly services: Readonly<Record<string, readonly { readonly host: string; readonly port: number }[]>>;
  };
  return Object.entries(services).flatMap(([name, instances]) =>
    instances
      .filter(({ host }) => host === '127.0.0.1')
      .map((instance) => startSample(name, instance.port, port(instance.port))),
  );
}

async function startSample(name: string, shown: number, port: number): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    request.resume();
    response.end(`${name} at 127.0.0.1:${shown}, asked for ${request.url}\n`);
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', done);
  });
  return async () => {
    await new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  };
}
