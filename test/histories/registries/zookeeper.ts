import { setTimeout } from 'node:timers/promises';
import zookeeper from 'node-zookeeper-client';
import { ZooKeeperEnsemble, type ZooKeeperServer } from '../../peers/zookeeper.js';
import type { ZooKeeperTestClient } from '../../peers/zookeeper-client.js';
import type { Instances } from '../history.js';
import { NotSent } from '../writer.js';
import { type Member, type RegistryLab, WRITE_PATIENCE } from './registry.js';

const PREFIX = '/services';

/**
 * Three servers. A service is read znode by znode, each by a request of its own, so that instances may be shown as they
 * were at different times. A server may be behind the leader, and one that is asked anew says what it has.
 */
export async function zookeeperLab(): Promise<RegistryLab> {
  const ensemble = await ZooKeeperEnsemble.start(true);
  const { servers } = ensemble;
  const clients = servers.map((server) => new Reconnecting(server));
  return {
    type: 'zookeeper',
    shows: 'instance',
    members: servers.map((server) => memberOf(server, ensemble)),
    forgets: false,
    atOnce: 1,
    options: (ports) => ({ hosts: ports.map(([port]) => `127.0.0.1:${port}`), prefix: PREFIX }),
    write: async ({ service, index, puts, removes }, member) => {
      await clients[member % clients.length]?.use(async (client) => {
        const path = (address: string) => `${PREFIX}/${service}/${address}`;
        for (const address of puts) await client.put(path(address), JSON.stringify({ weight: index }));
        for (const address of removes) await client.remove(path(address)).catch(unlessAbsent);
      });
    },
    read: async (services) => {
      const leader = (await Promise.all(servers.map(leads))).indexOf(true);
      const reader = clients[leader];
      if (reader === undefined) throw new Error('nobody leads');
      return new Map(
        await reader.use(
          async (client) =>
            await Promise.all(
              services.map(async (service) => [service, await instancesOf(client, service)] as const),
            ),
        ),
      );
    },
    close: async () => {
      for (const client of clients) client.close();
      await ensemble.close();
    },
  };
}

async function instancesOf(client: ZooKeeperTestClient, service: string): Promise<Instances> {
  const path = `${PREFIX}/${service}`;
  const addresses = await client.children(path);
  const entries = await Promise.all(
    addresses.map(async (address): Promise<[string, number]> => {
      const { weight } = JSON.parse(await client.data(`${path}/${address}`)) as { readonly weight: number };
      return [address, weight];
    }),
  );
  return Object.fromEntries(entries);
}

const leads = async (server: ZooKeeperServer): Promise<boolean> => {
  const answer = await server.command('srvr');
  if (!answer.includes('Mode:')) throw new Error(`${server.host} serves nobody`);
  return answer.includes('Mode: leader');
};

function memberOf(server: ZooKeeperServer, ensemble: ZooKeeperEnsemble): Member {
  return {
    name: server.host,
    ports: [server.port],
    get process() {
      return server.process;
    },
    leads: async () => await leads(server),
    stop: async (signal) => await server.stop(signal),
    start: async () => await server.start(),
    isolate: () => ensemble.isolate(server),
    reunite: () => ensemble.reunite(),
  };
}

/** A client of one server, made anew after a request that failed. */
class Reconnecting {
  #client: Promise<ZooKeeperTestClient> | undefined;

  constructor(private readonly server: ZooKeeperServer) {}

  async use<T>(act: (client: ZooKeeperTestClient) => Promise<T>): Promise<T> {
    this.#client ??= this.server.client();
    const connecting = this.#client;
    const client = await inTime(connecting).catch((thrown: unknown) => {
      throw new NotSent(this.server.host, { cause: thrown });
    });
    try {
      return await inTime(act(client));
    } catch (thrown) {
      if (this.#client === connecting) this.#client = undefined;
      client.close();
      throw thrown;
    }
  }

  close(): void {
    this.#client?.then(
      (client) => client.close(),
      () => undefined,
    );
  }
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = setTimeout(WRITE_PATIENCE, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no answer in ${WRITE_PATIENCE} ms`);
  });
  late.catch(() => undefined);
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

function unlessAbsent(thrown: unknown): void {
  if (!(thrown instanceof Error && 'code' in thrown && thrown.code === zookeeper.Exception.NO_NODE))
    throw thrown;
}
