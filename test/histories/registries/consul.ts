import { Consul } from '../../peers/consul.js';
import { ConsulCatalog } from '../../peers/consul-catalog.js';
import type { Instances } from '../history.js';
import { RegistryHttp } from './http.js';
import type { Member, RegistryLab } from './registry.js';

/** The node of all instances. It is no agent's, so that no agent takes them out. */
const NODE = 'external';

interface HealthEntry {
  readonly Service: {
    readonly Address: string;
    readonly Port: number;
    readonly Weights: { readonly Passing: number };
  };
}

/**
 * Three servers, of which each replica knows one, as the documentation asks for. Signalbox reads in Consul's default
 * mode: whichever server is asked, the leader answers, so that no answer is older than one before.
 * @param others services that never change; with many, Signalbox follows a catalogue in another way
 */
export async function consulLab(others = 0): Promise<RegistryLab> {
  const servers = await Consul.startCluster(3, { partitions: true });
  const http = new RegistryHttp();
  const [first] = servers;
  const catalog = new ConsulCatalog(first?.url ?? '');
  for (let at = 0; at < others; at += 1) await catalog.register({ service: `other-${at}`, port: 80 });
  await catalog.close();
  const urlOf = (member: number) => servers[member % servers.length]?.url ?? '';
  return {
    type: 'consul',
    shows: 'service',
    members: servers.map((server) => memberOf(server, http)),
    forgets: false,
    atOnce: 1,
    options: (ports, replica) => ({
      servers: [`http://127.0.0.1:${ports[replica % ports.length]?.[0]}`],
      use_weights: true,
    }),
    write: async ({ service, index, puts, removes }, member) => {
      const put = async (path: string, body: object) =>
        await http.ask('PUT', `${urlOf(member)}/v1/catalog/${path}`, JSON.stringify(body));
      const idOf = (address: string) => `${service}-${address}`;
      for (const address of puts) {
        const [host, port] = address.split(':');
        await put('register', {
          Node: NODE,
          Address: '10.255.0.1',
          Service: {
            ID: idOf(address),
            Service: service,
            Address: host,
            Port: Number(port),
            Weights: { Passing: index, Warning: 1 },
          },
        });
      }
      for (const address of removes) await put('deregister', { Node: NODE, ServiceID: idOf(address) });
    },
    read: async (services) => {
      const running = servers.findIndex((server) => server.process.running);
      const read = async (service: string) => {
        const url = `${urlOf(running)}/v1/health/service/${service}?consistent`;
        const entries = JSON.parse(await http.ask('GET', url)) as readonly HealthEntry[];
        return Object.fromEntries(
          entries.map(({ Service }) => [`${Service.Address}:${Service.Port}`, Service.Weights.Passing]),
        ) satisfies Instances;
      };
      await read('consul');
      return new Map(
        await Promise.all(services.map(async (service) => [service, await read(service)] as const)),
      );
    },
    close: async () => {
      await http.close();
      await Promise.all(servers.map(async (server) => await server.close()));
    },
  };
}

function memberOf(server: Consul, http: RegistryHttp): Member {
  return {
    name: server.url,
    ports: [server.port],
    get process() {
      return server.process;
    },
    leads: async () => {
      const { Stats } = JSON.parse(await http.ask('GET', `${server.url}/v1/agent/self`)) as {
        readonly Stats: { readonly consul: { readonly leader: string } };
      };
      return Stats.consul.leader === 'true';
    },
    stop: async (signal) => await server.stop(signal),
    start: async () => await server.start(),
    isolate: () => server.isolate(),
    reunite: () => server.reunite(),
  };
}
