import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Etcd } from '../../peers/etcd.js';
import type { ZooKeeperServer } from '../../peers/zookeeper.js';
import { nestedJson } from '../poison.js';
import {
  ADDRESSES,
  BAD,
  hostOf,
  LARGE,
  NO_NAME,
  type PoisonedStore,
  SERVED,
  TOO_DEEP,
  TOO_LARGE,
} from './store.js';

export async function poisonedEtcd(etcd: Etcd): Promise<PoisonedStore> {
  const key = (service: string, address = `${BAD}:80`) => `/services/${service}/${address}`;
  const bad = (service: string, value: unknown) => etcd.client.put(key(service), value);
  return {
    name: 'etcd',
    config: { discovery: { etcd: { endpoints: [etcd.url] } } },
    shows: ADDRESSES,
    put: (names, version) =>
      etcd.client.putAll(names.map((name) => [key(name, `${hostOf(version)}:80`), { weight: 1 }])),
    doses: (round) => [
      {
        kind: 'nested 5,000 deep',
        write: () => bad(`nested-${round}`, `{"metadata":${nestedJson(5_000)}}`),
        told: [[`nested-${round}`, TOO_DEEP]],
      },
      {
        kind: 'large',
        write: () => bad(`large-${round}`, { metadata: { text: LARGE } }),
        told: [[`large-${round}`, TOO_LARGE]],
      },
      {
        kind: 'of wrong types',
        write: async () => {
          await bad(`text-${round}`, '{"weight":');
          await bad(`odd-${round}`, '{"weight":{"toString":null},"Metadata":7,"checkurl":[]}');
        },
        told: [
          // etcd's users rely on it.
          [`text-${round}`, SERVED],
          [`odd-${round}`, /is no number.*metadata .* is no map/],
        ],
      },
      {
        kind: 'hostile names',
        write: async () => {
          for (const name of ['..', '*', `/${round}`, `xdstp:${round}`, '__proto__', `a\u0001${round}`])
            await bad(name, '{}');
          await etcd.client.put(Buffer.from(`/services/\xff\xfe${round}/${BAD}:80`, 'latin1'), '{}');
          await etcd.client.put(Buffer.from(`/services/\xed\xa0\x80${round}/${BAD}:80`, 'latin1'), '{}');
        },
        told: [
          [`a\u0001${round}`, NO_NAME],
          ['*', NO_NAME],
          [`xdstp:${round}`, NO_NAME],
          ['__proto__', SERVED],
        ],
      },
      {
        kind: 'out of range',
        write: async () => {
          await etcd.client.put(key(`port-${round}`, `${BAD}:99999`), '{}');
          await bad(`weight-${round}`, '{"weight":-1e308}');
          await bad(`infinite-${round}`, '{"weight":1e999,"slow_start":1e308}');
        },
        told: [
          [`port-${round}`, /bad_(port|address)/],
          [`weight-${round}`, /bad_weight/],
          [`infinite-${round}`, /is no number/],
        ],
      },
    ],
    close: async () => undefined,
  };
}

export async function poisonedFile(): Promise<PoisonedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'poisoned-'));
  const path = join(folder, 'services.yaml');
  /** By the name of a service, as YAML: its list. */
  const services = new Map<string, string>();
  const add = async (...more: readonly (readonly [name: string, list: string])[]) => {
    for (const [name, list] of more) services.set(name, list);
    const lines = [...services].map(([name, list]) => `  ${JSON.stringify(name)}: ${list}\n`);
    writeFileSync(`${path}.new`, `services:\n${lines.join('')}`);
    renameSync(`${path}.new`, path);
  };
  const bad = (more: string, port: number | string = 80) => `[{"host":"${BAD}","port":${port}${more}}]`;
  const good = (hosts: readonly string[]) => JSON.stringify(hosts.map((host) => ({ host, port: 80 })));
  return {
    name: 'file',
    config: { discovery: { file: { path } } },
    shows: ADDRESSES,
    put: (names, version) => {
      const hosts = version === 'first' ? ['10.0.0.1'] : ['10.0.0.1', '10.0.0.2'];
      return add(...names.map((name) => [name, good(hosts)] as const));
    },
    doses: (round) => [
      {
        kind: 'nested 5,000 deep',
        write: () => add([`nested-${round}`, bad(`,"metadata":${nestedJson(5_000)}`)]),
        told: [[`nested-${round}`, TOO_DEEP]],
      },
      {
        kind: 'large',
        write: () => add([`large-${round}`, bad(`,"metadata":{"text":"${LARGE}"}`)]),
        told: [[`large-${round}`, TOO_LARGE]],
      },
      {
        kind: 'of wrong types',
        write: () =>
          add(
            [`odd-${round}`, bad(',"metadata":[[]],"locality":7')],
            [`host-${round}`, '[{"host":{"toString":null},"port":[]},[[]],null]'],
          ),
        told: [
          [`odd-${round}`, /bad_value/],
          [`host-${round}`, /bad_/],
        ],
      },
      {
        kind: 'hostile names',
        write: () =>
          add(
            ['__proto__', bad('')],
            ['..', bad('')],
            ['*', bad('')],
            [`xdstp:${round}`, bad('')],
            [`a\u0001${round}`, bad('')],
            [`\ud800${round}`, bad('')],
          ),
        told: [
          [`a\u0001${round}`, NO_NAME],
          ['*', NO_NAME],
          [`xdstp:${round}`, NO_NAME],
          ['__proto__', SERVED],
        ],
      },
      {
        kind: 'out of range',
        write: () =>
          add(
            [`port-${round}`, bad('', 99_999)],
            [`weight-${round}`, bad(',"weight":-1.0e+308')],
            [`infinite-${round}`, bad(',"weight":1.0e+999')],
          ),
        told: [
          [`port-${round}`, /bad_port/],
          [`weight-${round}`, /bad_weight/],
          [`infinite-${round}`, /is no number/],
        ],
      },
    ],
    close: async () => rmSync(folder, { recursive: true }),
  };
}

const curator = (host: unknown, more = '') =>
  `{"name":"x","id":"x","address":${JSON.stringify(host)},"port":80${more}}`;
const provider = (address: string, query = '') => encodeURIComponent(`dubbo://${address}/x?${query}`);

/** A registry for each format, on one server. */
export async function poisonedZooKeeper(
  server: ZooKeeperServer,
  format: 'json' | 'curator' | 'dubbo',
): Promise<PoisonedStore> {
  const client = await server.client();
  const prefix = `/${format}`;
  const inFolder = format === 'dubbo' ? '/providers' : '';
  const put = (service: string, name: string, data = '') =>
    client.put(`${prefix}/${service}${inFolder}/${name}`, data);
  const byFormat = {
    json: (host: string, more = '') => [`${host}:80`, `{"weight":1${more}}`] as const,
    curator: (host: string, more = '') => [host, curator(host, more)] as const,
    dubbo: (host: string) => [provider(`${host}:80`), ''] as const,
  }[format];
  const bad = (service: string, more = '') => put(service, ...byFormat(BAD, more));
  const isDubbo = format === 'dubbo';
  const metadata = (json: string) =>
    format === 'json' ? `,"metadata":${json}` : `,"payload":{"metadata":${json}}`;
  const odd = {
    json: ['9', '{"host":{"toString":null},"port":[]}'],
    curator: ['9', curator({ toString: null })],
    dubbo: ['nonsense', ''],
  }[format] as [string, string];
  const beyond = {
    json: [`${BAD}:99999`, '{}'],
    curator: [BAD, curator(BAD).replace(':80', ':99999')],
    dubbo: [provider(`${BAD}:99999`), ''],
  }[format] as [string, string];
  return {
    name: `zookeeper, ${format}`,
    config: { discovery: { zookeeper: { hosts: [server.host], prefix, format } } },
    shows: ADDRESSES,
    put: async (names, version) => {
      for (const name of names) await put(name, ...byFormat(hostOf(version)));
    },
    doses: (round) => [
      {
        kind: 'nested 5,000 deep',
        write: async () => {
          if (isDubbo) await put(`nested-${round}`, provider(`${BAD}:80`, `a=${nestedJson(5_000)}`));
          else await bad(`nested-${round}`, metadata(nestedJson(5_000)));
        },
        // The text of a parameter stays one.
        told: [[`nested-${round}`, isDubbo ? SERVED : TOO_DEEP]],
      },
      {
        kind: 'large',
        write: async () => {
          if (isDubbo) await put(`large-${round}`, provider(`${BAD}:80`, `a=${LARGE}`));
          else await bad(`large-${round}`, metadata(`{"text":"${LARGE}"}`));
        },
        told: [[`large-${round}`, TOO_LARGE]],
      },
      { kind: 'of wrong types', write: () => put(`odd-${round}`, ...odd), told: [[`odd-${round}`, /bad_/]] },
      {
        kind: 'hostile names',
        write: async () => {
          await bad('__proto__');
          await bad('*');
          await bad(`xdstp:${round}`);
          await put(`escape-${round}`, '%E0%A4%A', '[]');
          await bad(`a\u2028b-${round}`);
        },
        told: [
          ['__proto__', SERVED],
          ['*', NO_NAME],
          [`xdstp:${round}`, NO_NAME],
          [`escape-${round}`, /bad_/],
        ],
      },
      {
        kind: 'out of range',
        write: () => put(`port-${round}`, ...beyond),
        told: [[`port-${round}`, /bad_/]],
      },
    ],
    close: async () => client.close(),
  };
}
