import { Consul } from '../../peers/consul.js';
import { ConsulCatalog } from '../../peers/consul-catalog.js';
import { Eureka, type EurekaInstance } from '../../peers/eureka.js';
import { Nacos } from '../../peers/nacos.js';
import { nestedJson } from '../poison.js';
import {
  ADDRESSES,
  BAD,
  each,
  hostOf,
  LARGE,
  NO_NAME,
  type PoisonedStore,
  SERVED,
  TOO_DEEP,
  TOO_LARGE,
} from './store.js';

export async function poisonedConsulKv(): Promise<PoisonedStore> {
  const consul = await Consul.start();
  const key = (service: string, address = `${BAD}:80`) => `upstreams/${service}/${address}`;
  const bad = (service: string, value: unknown) => consul.kv.putAll([[key(service), value]]);
  return {
    name: 'consul_kv',
    config: { discovery: { consul_kv: { servers: [consul.url] } } },
    shows: ADDRESSES,
    put: (names, version) =>
      consul.kv.putAll(names.map((name) => [key(name, `${hostOf(version)}:80`), { weight: 1 }])),
    doses: (round) => [
      {
        kind: 'nested 5,000 deep',
        write: () => bad(`nested-${round}`, `{"metadata":${nestedJson(5_000)}}`),
        told: [[`nested-${round}`, TOO_DEEP]],
      },
      {
        kind: 'large',
        write: () => consul.kv.put(key(`large-${round}`), { metadata: { text: LARGE } }),
        told: [[`large-${round}`, TOO_LARGE]],
      },
      {
        kind: 'of wrong types',
        write: () =>
          consul.kv.putAll([
            [key(`list-${round}`), '[[]]'],
            [key(`text-${round}`), '{"weight":'],
            [key(`odd-${round}`), '{"weight":{"toString":null},"metadata":7,"max_fails":[]}'],
          ]),
        told: [
          [`list-${round}`, /bad_value.*no JSON object/],
          [`text-${round}`, /bad_value.*JSON/],
          [`odd-${round}`, /is no number.*metadata .* is no map/],
        ],
      },
      {
        kind: 'hostile names',
        write: () =>
          consul.kv.putAll([
            [key('..'), '{}'],
            [key(`/${round}`), '{}'],
            [key('__proto__'), '{}'],
            [key(`a\u0001b-${round}`), '{}'],
            [key('*'), '{}'],
            [key(`xdstp://a/b/${round}`), '{}'],
          ]),
        told: [
          [`a\u0001b-${round}`, NO_NAME],
          ['*', NO_NAME],
          [`xdstp://a/b/${round}`, NO_NAME],
          ['__proto__', SERVED],
        ],
      },
      {
        kind: 'out of range',
        write: () =>
          consul.kv.putAll([
            [key(`port-${round}`, `${BAD}:99999`), '{}'],
            [key(`weight-${round}`), '{"weight":-1e308}'],
            [key(`infinite-${round}`), '{"weight":1e999,"fail_timeout":1e308,"slow_start":1e308}'],
          ]),
        told: [
          [`port-${round}`, /bad_(port|address)/],
          [`weight-${round}`, /bad_weight/],
          [`infinite-${round}`, /is no number/],
        ],
      },
    ],
    close: () => consul.close(),
  };
}

export async function poisonedConsul(): Promise<PoisonedStore> {
  const consul = await Consul.start();
  const catalog = new ConsulCatalog(consul.url);
  const bad = (service: string, more: object = {}) =>
    catalog.register({ service, address: BAD, port: 80, ...more });
  // Consul bounds metadata; what it does not look at is the configuration of a sidecar.
  const sidecar = (service: string, config: unknown) =>
    catalog.put('/v1/catalog/register', {
      ...{ Node: 'node', Address: '10.1.0.1' },
      Service: {
        ...{ ID: service, Service: service, Address: BAD, Port: 80, Kind: 'connect-proxy' },
        Proxy: { DestinationServiceName: 'web', Config: config },
      },
    });
  return {
    name: 'consul',
    config: { discovery: { consul: { servers: [consul.url], use_weights: true } } },
    shows: ADDRESSES,
    put: (names, version) =>
      each(names, (service) =>
        catalog.register({ service, id: `${service}-${version}`, address: hostOf(version), port: 80 }),
      ),
    doses: (round) => [
      {
        // An answer of Consul's is indented: 5,000 levels have 100 MB.
        kind: 'nested 1,000 deep',
        write: () => sidecar(`nested-${round}`, JSON.parse(nestedJson(1_000))),
        told: [[`nested-${round}`, TOO_DEEP]],
      },
      {
        kind: 'large',
        write: () => sidecar(`large-${round}`, { text: LARGE }),
        told: [[`large-${round}`, TOO_LARGE]],
      },
      {
        kind: 'no address',
        write: () => bad(`odd-${round}`, { address: '{"a":1}' }),
        told: [[`odd-${round}`, /bad_address/]],
      },
      {
        kind: 'hostile names',
        write: () =>
          each(
            ['..', `/${round}`, `a//${round}`, `a\u0001${round}`, '*', `xdstp:${round}`, '__proto__'],
            (name) => bad(name),
          ),
        told: [
          ['..', NO_NAME],
          [`/${round}`, NO_NAME],
          [`a//${round}`, NO_NAME],
          [`a\u0001${round}`, NO_NAME],
          ['*', NO_NAME],
          [`xdstp:${round}`, NO_NAME],
          ['__proto__', SERVED],
        ],
      },
      {
        kind: 'out of range',
        write: async () => {
          await bad(`port-${round}`, { port: 99_999 });
          await bad(`negative-${round}`, { port: -2 });
        },
        told: [
          [`port-${round}`, /bad_port/],
          [`negative-${round}`, /bad_port/],
        ],
      },
    ],
    close: async () => {
      await catalog.close();
      await consul.close();
    },
  };
}

export async function poisonedEureka(): Promise<PoisonedStore> {
  const eureka = await Eureka.start();
  const bad = (app: string, more: Partial<EurekaInstance> = {}) =>
    eureka.register({ app, host: BAD, port: 80, ...more });
  return {
    name: 'eureka',
    config: { discovery: { eureka: { host: [eureka.urlWithPassword], fetch_interval: 1 } } },
    shows: ADDRESSES,
    put: (names, version) =>
      each(names, (name) => eureka.register({ app: name, host: hostOf(version), port: 80 })),
    doses: (round) => {
      const name = (kind: string) => `${kind}-${round}`.toUpperCase();
      return [
        {
          // Eureka keeps something else of it, which is harmless.
          kind: 'nested 900 deep',
          write: () => bad(name('nested'), { metadata: JSON.parse(`{"deep":${nestedJson(900)}}`) }),
          told: [[name('nested'), SERVED]],
        },
        {
          kind: 'large',
          write: () => bad(name('large'), { metadata: { text: LARGE } }),
          told: [[name('large'), TOO_LARGE]],
        },
        {
          kind: 'no address',
          write: () => bad(name('odd'), { host: '{"a":1}' }),
          told: [[name('odd'), /bad_address/]],
        },
        {
          kind: 'hostile names',
          write: () => each([name('A\u0001B'), '*', '__PROTO__', '<SCRIPT>'], (app) => bad(app)),
          told: [
            [name('A\u0001B'), NO_NAME],
            ['*', NO_NAME],
            ['__PROTO__', SERVED],
          ],
        },
        {
          kind: 'out of range',
          write: async () => {
            await bad(name('port'), { port: 99_999 });
            await bad(name('weight'), { metadata: { weight: '-1e308' } });
          },
          told: [
            [name('port'), /bad_port/],
            [name('weight'), /bad_weight/],
          ],
        },
      ];
    },
    close: () => eureka.close(),
  };
}

export async function poisonedNacos(): Promise<PoisonedStore> {
  const nacos = await Nacos.start();
  const bad = (serviceName: string, more: object = {}) =>
    nacos.register({ serviceName, ip: BAD, port: 80, ...more });
  return {
    name: 'nacos',
    config: { discovery: { nacos: { host: [nacos.url], fetch_interval: 1 } } },
    shows: ADDRESSES,
    put: (names, version) =>
      each(names, (serviceName) => nacos.register({ serviceName, ip: hostOf(version), port: 80 })),
    // Nacos refuses metadata that nest or are long, and numbers out of their range.
    doses: (round) => [
      {
        kind: 'no Unicode',
        write: () => bad(`surrogate-${round}`, { metadata: { text: '\ud800' } }),
        told: [[`surrogate-${round}`, /half of a surrogate pair/]],
      },
      {
        kind: 'a long name',
        write: () => bad('n'.repeat(500)),
        told: [['n'.repeat(500), SERVED]],
      },
      {
        kind: 'no address',
        write: async () => {
          await bad(`odd-${round}`, { ip: '{"a":1}' });
          await bad(`nul-${round}`, { ip: '10.0.0.9\u0000' });
        },
        told: [
          [`odd-${round}`, /bad_address/],
          [`nul-${round}`, /bad_address/],
        ],
      },
      {
        kind: 'hostile names',
        write: () =>
          each(
            ['..', '*', `/${round}`, `xdstp:${round}`, `a\u0001${round}`, '__proto__', `a@@${round}`],
            (name) => bad(name),
          ),
        told: [
          [`a\u0001${round}`, NO_NAME],
          ['*', NO_NAME],
          [`xdstp:${round}`, NO_NAME],
          [`/${round}`, SERVED],
          ['__proto__', SERVED],
        ],
      },
      {
        kind: 'out of range',
        write: async () => {
          await bad(`port-${round}`, { port: 0 });
          await bad(`weight-${round}`, { weight: '-0.0' });
        },
        told: [
          [`port-${round}`, /bad_port/],
          [`weight-${round}`, /weight_zero/],
        ],
      },
    ],
    close: () => nacos.close(),
  };
}
