import type { Etcd } from '../../peers/etcd.js';
import { nestedJson } from '../poison.js';
import { LARGE, type PoisonedStore, TOO_DEEP, TOO_LARGE, type Version } from './store.js';

const SHOWS: Readonly<Record<Version, string>> = { first: 'one', changed: 'two' };
const INSTANCE = [{ host: '10.0.0.1', port: 80 }];

/** Signalbox's own route documents, in an etcd. */
export async function poisonedDocuments(etcd: Etcd, services: string): Promise<PoisonedStore> {
  const key = (id: string) => `/signalbox/routes/${id}`;
  const bad = (id: string, more: string) =>
    etcd.client.put(key(id), `{"match":{"prefix":"/${id}/"},"service_name":"one"${more}}`);
  const struct = (json: string) => `,"envoy":{"metadata":{"filter_metadata":{"x":${json}}}}`;
  return {
    name: "Signalbox's documents",
    config: {
      discovery: { file: { path: services } },
      routes_from: { etcd: { endpoints: [etcd.url] } },
    },
    holdsRoutes: true,
    shows: SHOWS,
    put: (names, version) =>
      etcd.client.putAll(
        names.map((name) => [key(name), { match: { prefix: `/${name}/` }, service_name: SHOWS[version] }]),
      ),
    doses: (round) => [
      {
        kind: 'nested deep',
        write: async () => {
          await bad(`nested-${round}`, struct(nestedJson(60)));
          await bad(`deeper-${round}`, `,"x":${nestedJson(5_000)}`);
        },
        told: [
          [key(`nested-${round}`), TOO_DEEP],
          [key(`deeper-${round}`), TOO_DEEP],
        ],
      },
      {
        kind: 'large',
        write: () => bad(`large-${round}`, `,"name":"${LARGE}"`),
        told: [[key(`large-${round}`), TOO_LARGE]],
      },
      {
        kind: 'of wrong types',
        write: async () => {
          await etcd.client.put(key(`text-${round}`), '{"match":');
          await etcd.client.put(key(`odd-${round}`), '{"match":[],"service_name":[],"envoy":[[]]}');
        },
        told: [
          [key(`text-${round}`), /rejected.*JSON/],
          [key(`odd-${round}`), /rejected.*match/],
        ],
      },
      {
        kind: 'hostile names',
        write: async () => {
          await bad('..', '');
          await etcd.client.put(key(`a\u0001${round}`), '{"service_name":"\\ud800"}');
          await etcd.client.put(key('__proto__'), '{"match":{"__proto__":1}}');
          await etcd.client.put(Buffer.from(`${key('')}\xff${round}`, 'latin1'), '{}');
          await etcd.client.put(key(`all-${round}`), { match: { prefix: '/all/' }, service_name: '*' });
          await etcd.client.put(key(`url-${round}`), { match: { prefix: '/url/' }, service_name: 'xdstp:' });
        },
        told: [
          [key(`a\u0001${round}`), /rejected/],
          [key('__proto__'), /rejected/],
          [key(`all-${round}`), /rejected.*no service can have the name/],
          [key(`url-${round}`), /rejected.*no service can have the name/],
        ],
      },
      {
        kind: 'out of range',
        write: async () => {
          await bad(`timeout-${round}`, ',"timeout":1e999');
          await bad(`number-${round}`, struct('{"a":1e999}'));
        },
        told: [
          [key(`timeout-${round}`), /rejected.*timeout/],
          [key(`number-${round}`), /rejected/],
        ],
      },
    ],
    close: async () => undefined,
  };
}

/** Apache APISIX's routes, in an etcd. */
export async function poisonedApisix(etcd: Etcd, services: string): Promise<PoisonedStore> {
  const key = (id: string) => `/apisix/routes/${id}`;
  const upstream = (service_name: string) => ({ type: 'roundrobin', discovery_type: 'eureka', service_name });
  const bad = (id: string, more: string) =>
    etcd.client.put(key(id), `{"uri":"/${id}/*","upstream":${JSON.stringify(upstream('one'))}${more}}`);
  return {
    name: "APISIX's documents",
    config: {
      discovery: { file: { path: services } },
      routes_from: { apisix: { endpoints: [etcd.url] } },
    },
    holdsRoutes: true,
    shows: SHOWS,
    put: (names, version) =>
      etcd.client.putAll(
        names.map((name) => [key(name), { uri: `/${name}/*`, upstream: upstream(SHOWS[version]) }]),
      ),
    doses: (round) => [
      {
        kind: 'nested 5,000 deep',
        write: () => bad(`nested-${round}`, `,"labels":${nestedJson(5_000)}`),
        told: [[key(`nested-${round}`), TOO_DEEP]],
      },
      {
        kind: 'large',
        write: () => bad(`large-${round}`, `,"desc":"${LARGE}"`),
        told: [[key(`large-${round}`), TOO_LARGE]],
      },
      {
        kind: 'of wrong types',
        write: async () => {
          await etcd.client.put(key(`text-${round}`), '{"uri":');
          await etcd.client.put(
            key(`odd-${round}`),
            '{"uri":[],"upstream":[[{}]],"plugins":[],"hosts":[{}]}',
          );
        },
        told: [
          [key(`text-${round}`), /rejected.*JSON/],
          [key(`odd-${round}`), /rejected/],
        ],
      },
      {
        kind: 'hostile names',
        write: async () => {
          await bad('..', '');
          await bad(`a\u0001${round}`, ',"hosts":["\\ud800"]');
          await bad('__proto__', ',"plugins":{"__proto__":{"a":1},"toString":{}}');
          await etcd.client.put(Buffer.from(`${key('')}\xff${round}`, 'latin1'), '{}');
          for (const [id, name] of [
            ['all', '*'],
            ['url', 'xdstp:'],
          ] as const)
            await etcd.client.put(key(`${id}-${round}`), { uri: `/${id}/*`, upstream: upstream(name) });
        },
        told: [
          [key(`a\u0001${round}`), /rejected/],
          [key('__proto__'), /rejected/],
          [key(`all-${round}`), /rejected.*no service can have the name/],
          [key(`url-${round}`), /rejected.*no service can have the name/],
        ],
      },
      {
        kind: 'out of range',
        write: () => bad(`timeout-${round}`, ',"timeout":{"connect":1e999,"send":1,"read":-0}'),
        told: [[key(`timeout-${round}`), /rejected.*timeout/]],
      },
    ],
    close: async () => undefined,
  };
}

/** A services file with what the routes go to. */
export const ROUTED = JSON.stringify({ services: { one: INSTANCE, two: INSTANCE } });
