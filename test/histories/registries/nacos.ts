import { Nacos } from '../../peers/nacos.js';
import type { Instances } from '../history.js';
import { RegistryHttp } from './http.js';
import { type RegistryLab, WITHOUT_GUARD } from './registry.js';

/** How far its gRPC port is from its HTTP port. */
const GRPC = 1_000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** So that instances live without heartbeats. */
const KEPT = JSON.stringify({
  'preserved.heart.beat.timeout': '3600000',
  'preserved.ip.delete.timeout': '3600000',
});

interface Listed {
  readonly ip: string;
  readonly port: number;
  readonly weight: number;
}

/** One server, which gathers a service from its instances and forgets all of them when it ends. */
export async function nacosLab(): Promise<RegistryLab> {
  const nacos = await Nacos.start();
  const http = new RegistryHttp();
  const url = `${nacos.url}/nacos/v3/client/ns/instance`;
  const ask = async (method: 'GET' | 'POST' | 'DELETE', path: string, form: Record<string, string>) => {
    const fields = new URLSearchParams(form).toString();
    const text = await (method === 'POST'
      ? http.ask(method, url, fields, FORM)
      : http.ask(method, `${url}${path}?${fields}`));
    const { code, data } = JSON.parse(text) as { readonly code: number; readonly data: unknown };
    if (code !== 0) throw new Error(`nacos: ${method} ${path}: ${text}`);
    return data;
  };
  const formOf = (service: string, address: string) => {
    const [ip = '', port = ''] = address.split(':');
    return { serviceName: service, ip, port };
  };
  return {
    type: 'nacos',
    shows: 'instance',
    members: [
      {
        name: nacos.url,
        ports: [nacos.port, nacos.port + GRPC],
        get process() {
          return nacos.process;
        },
        leads: async () => {
          await ask('GET', '/list', { serviceName: 'ready' });
          return true;
        },
        stop: async (signal) => await nacos.stop(signal),
        start: async () => await nacos.start(),
      },
    ],
    forgets: true,
    atOnce: 1,
    options: ([ports]) => ({ host: [`http://127.0.0.1:${ports?.[0]}`], fetch_interval: 1, ...WITHOUT_GUARD }),
    write: async ({ service, index, puts, removes }) => {
      for (const address of puts)
        await ask('POST', '', { ...formOf(service, address), weight: String(index), metadata: KEPT });
      for (const address of removes) await ask('DELETE', '', formOf(service, address));
    },
    read: async (services) => {
      const read = async (service: string) => {
        const listed = (await ask('GET', '/list', { serviceName: service })) as readonly Listed[];
        return Object.fromEntries(
          listed.map(({ ip, port, weight }) => [`${ip}:${port}`, weight]),
        ) satisfies Instances;
      };
      return new Map(
        await Promise.all(services.map(async (service) => [service, await read(service)] as const)),
      );
    },
    close: async () => {
      await http.close();
      await nacos.close();
    },
  };
}
