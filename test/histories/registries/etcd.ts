import { Etcd } from '../../peers/etcd.js';
import type { Instances } from '../history.js';
import { RegistryHttp } from './http.js';
import type { Member, RegistryLab } from './registry.js';

const PREFIX = '/services/';

/** Three members. A write is one transaction, and revisions are never shown half. */
export async function etcdLab(): Promise<RegistryLab> {
  const servers = await Etcd.startCluster(3, { partitions: true });
  const http = new RegistryHttp();
  const ask = async (member: number, path: string, body: object) => {
    const url = servers[member % servers.length]?.url;
    return JSON.parse(await http.ask('POST', `${url}/v3/kv/${path}`, JSON.stringify(body)));
  };
  return {
    type: 'etcd',
    shows: 'service',
    members: servers.map(memberOf),
    forgets: false,
    atOnce: 2,
    options: (ports) => ({ endpoints: ports.map(([port]) => `http://127.0.0.1:${port}`) }),
    write: async ({ service, index, puts, removes }, member) => {
      const key = (address: string) => base64(`${PREFIX}${service}/${address}`);
      const value = base64(JSON.stringify({ weight: index }));
      await ask(member, 'txn', {
        success: [
          ...puts.map((address) => ({ request_put: { key: key(address), value } })),
          ...removes.map((address) => ({ request_delete_range: { key: key(address) } })),
        ],
      });
    },
    read: async (services) => {
      const running = servers.findIndex((server) => server.process.running);
      const answer = (await ask(running, 'range', {
        key: base64(PREFIX),
        range_end: base64(`${PREFIX.slice(0, -1)}0`),
      })) as { readonly kvs?: readonly { readonly key: string; readonly value: string }[] };
      const found = new Map<string, Record<string, number>>(services.map((service) => [service, {}]));
      for (const { key, value } of answer.kvs ?? []) {
        const [service = '', address = ''] = textOf(key).slice(PREFIX.length).split('/');
        const { weight } = JSON.parse(textOf(value)) as { readonly weight: number };
        const instances = found.get(service);
        if (instances !== undefined) instances[address] = weight;
      }
      return found satisfies ReadonlyMap<string, Instances>;
    },
    close: async () => {
      await http.close();
      await Promise.all(servers.map(async (server) => await server.close()));
    },
  };
}

function memberOf(server: Etcd): Member {
  return {
    name: server.name,
    ports: [server.port],
    get process() {
      return server.process;
    },
    leads: async () => await server.leads(),
    stop: async (signal) => await server.stop(signal),
    start: async () => await server.start(),
    isolate: () => server.isolate(),
    reunite: () => server.reunite(),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const textOf = (text: string): string => Buffer.from(text, 'base64').toString();
