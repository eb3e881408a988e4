import { Eureka } from '../../peers/eureka.js';
import type { Instances } from '../history.js';
import { RegistryHttp } from './http.js';
import { type RegistryLab, WITHOUT_GUARD } from './registry.js';

/** Seconds for which an instance lives without heartbeats. */
const LEASE = 36_000;

interface Applications {
  readonly applications: {
    readonly application: readonly {
      readonly name: string;
      readonly instance: readonly {
        readonly ipAddr: string;
        readonly port: { readonly $: number };
        readonly metadata: { readonly weight: string };
      }[];
    }[];
  };
}

/** One server, whose list of applications is put together while instances change, and which forgets all when it ends. */
export async function eurekaLab(): Promise<RegistryLab> {
  const eureka = await Eureka.start();
  const http = new RegistryHttp();
  const { port, username, password } = new URL(eureka.urlWithPassword);
  const headers = {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    accept: 'application/json',
    'content-type': 'application/json',
  };
  const url = `${eureka.url}${eureka.prefix}/apps`;
  const applications = async () =>
    (JSON.parse(await http.ask('GET', url, undefined, headers)) as Applications).applications.application;
  return {
    type: 'eureka',
    shows: 'instance',
    members: [
      {
        name: eureka.url,
        ports: [Number(port)],
        get process() {
          return eureka.process;
        },
        leads: async () => {
          await applications();
          return true;
        },
        stop: async (signal) => await eureka.stop(signal),
        start: async () => await eureka.start(),
      },
    ],
    forgets: true,
    atOnce: 1,
    options: ([ports]) => ({
      host: [`http://${username}:${password}@127.0.0.1:${ports?.[0]}`],
      fetch_interval: 1,
      ...WITHOUT_GUARD,
    }),
    write: async ({ service, index, puts, removes }) => {
      for (const address of puts) {
        const body = JSON.stringify(Eureka.body(instanceOf(service, address, index)));
        await http.ask('POST', `${url}/${service}`, body, headers);
      }
      for (const address of removes)
        await http
          .ask('DELETE', `${url}/${service}/${encodeURIComponent(address)}`, undefined, headers)
          .catch(unlessAbsent);
    },
    read: async (services) => {
      const found = new Map<string, Instances>(services.map((service) => [service, {}]));
      for (const { name, instance } of await applications())
        if (found.has(name))
          found.set(
            name,
            Object.fromEntries(
              instance.map(({ ipAddr, port: at, metadata }) => [
                `${ipAddr}:${at.$}`,
                Number(metadata.weight),
              ]),
            ),
          );
      return found;
    },
    close: async () => {
      await http.close();
      await eureka.close();
    },
  };
}

function instanceOf(app: string, address: string, index: number) {
  const [host = '', port] = address.split(':');
  return { app, host, port: Number(port), id: address, metadata: { weight: String(index) }, lease: LEASE };
}

/** What is not there is removed. */
function unlessAbsent(thrown: unknown): void {
  if (!(thrown instanceof Error && / 404 /.test(thrown.message))) throw thrown;
}
