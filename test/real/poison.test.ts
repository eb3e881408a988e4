import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { ZooKeeperServer } from '../peers/zookeeper.js';
import { poisonedApisix, poisonedDocuments, ROUTED } from '../support/poisoned/documents.js';
import {
  poisonedConsul,
  poisonedConsulKv,
  poisonedEureka,
  poisonedNacos,
} from '../support/poisoned/http-registries.js';
import { poisonedEtcd, poisonedFile, poisonedZooKeeper } from '../support/poisoned/other-registries.js';
import type { Dose, PoisonedStore } from '../support/poisoned/store.js';
import { Signalbox } from '../support/signalbox.js';

// One poisonous entry of each kind among 100 good ones, from the start and while Signalbox follows.

/** Upper case, since Eureka makes all names so. */
const GOOD = Array.from({ length: 100 }, (_, index) => `GOOD-${String(index).padStart(3, '0')}`);
const [CHANGED = ''] = GOOD;
const NEW = 'GOOD-NEW';

const NAMES = [
  ...['consul_kv', 'consul', 'etcd', 'eureka', 'file', 'nacos', 'zookeeper, json', 'zookeeper, curator'],
  ...['zookeeper, dubbo', "Signalbox's documents", "APISIX's documents"],
];

let folder: string;
let etcd: Etcd;
let zookeeper: ZooKeeperServer;
const stores = new Map<string, PoisonedStore>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'poison-'));
  const services = join(folder, 'services.json');
  writeFileSync(services, ROUTED);
  [etcd, zookeeper] = await Promise.all([Etcd.start(), ZooKeeperServer.start()]);
  const started = await Promise.all([
    ...[poisonedConsulKv(), poisonedConsul(), poisonedEureka(), poisonedNacos()],
    ...[
      poisonedEtcd(etcd),
      poisonedFile(),
      poisonedDocuments(etcd, services),
      poisonedApisix(etcd, services),
    ],
    ...(['json', 'curator', 'dubbo'] as const).map((format) => poisonedZooKeeper(zookeeper, format)),
  ]);
  for (const store of started) stores.set(store.name, store);
});

afterAll(async () => {
  for (const store of stores.values()) await store.close();
  await Promise.all([etcd?.close(), zookeeper?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

test.concurrent.each(NAMES)('%s: poison costs itself', { timeout: 120_000 }, async (name) => {
  const store = stores.get(name);
  if (store === undefined) throw new Error(`there is no ${name}`);
  const expected = new Map(GOOD.map((good) => [good, store.shows.first]));
  await store.put(GOOD, 'first');
  await give(store.doses('a'));
  const signalbox = await Signalbox.start(
    {
      ...store.config,
      listeners: [{ name: 'http', address: `127.0.0.1:${await freePort()}` }],
      auto_routes: store.holdsRoutes !== true,
    },
    { waitFor: 'serving' },
  );
  let envoy: Envoy | undefined;
  try {
    envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: signalbox.xdsPort }), {
      waitFor: 'admin',
    });
    const has = envoyHas(envoy, store);
    await eventually(async () => expect(await has()).toEqual(expected), 30_000, 100);
    await explained(signalbox, store.doses('a'));

    await give(store.doses('b'));
    await store.put([CHANGED], 'changed');
    await store.put([NEW], 'first');
    expected.set(CHANGED, store.shows.changed).set(NEW, store.shows.first);
    await eventually(async () => expect(await has()).toEqual(expected), 30_000, 100);
    await explained(signalbox, store.doses('b'));

    const { registries } = await signalbox.get<{ registries: { state: string }[] }>('/registries');
    expect(new Set(registries.map(({ state }) => state))).toEqual(new Set(['synced']));
    const rejected = [...(await envoy.stats())].filter(([stat]) => stat.endsWith('update_rejected'));
    expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  } finally {
    await envoy?.stop();
    await signalbox.close();
  }
});

async function give(doses: readonly Dose[]): Promise<void> {
  for (const { write } of doses) await write();
}

async function explained(signalbox: Signalbox, doses: readonly Dose[]): Promise<void> {
  for (const { kind, told } of doses)
    for (const [query, expected] of told)
      await eventually(async () => {
        const explanation = await signalbox.get(`/explain?q=${encodeURIComponent(query)}`);
        expect(JSON.stringify(explanation), kind).toMatch(expected);
      }, 30_000);
}

/** What Envoy has of what is good, by name. */
function envoyHas(envoy: Envoy, { holdsRoutes }: PoisonedStore): () => Promise<ReadonlyMap<string, string>> {
  return holdsRoutes === true ? () => routesOf(envoy) : () => endpointsOf(envoy);
}

async function endpointsOf(envoy: Envoy): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string[]>();
  for (const line of (await envoy.get('/clusters')).split('\n')) {
    const [name = '', address = '', what] = line.split('::');
    if (what !== 'weight' || !name.startsWith('GOOD-')) continue;
    found.set(name, [...(found.get(name) ?? []), address]);
  }
  return new Map([...found].map(([name, addresses]) => [name, addresses.sort().join(' ')]));
}

interface Routes {
  readonly dynamic_route_configs?: readonly {
    readonly route_config: {
      readonly virtual_hosts?: readonly {
        readonly routes?: readonly {
          readonly match: object;
          readonly route?: { readonly cluster?: string };
        }[];
      }[];
    };
  }[];
}

async function routesOf(envoy: Envoy): Promise<ReadonlyMap<string, string>> {
  const { dynamic_route_configs = [] } = ((await envoy.configDump()).get('RoutesConfigDump') ?? {}) as Routes;
  const routes = dynamic_route_configs.flatMap(({ route_config: { virtual_hosts = [] } }) =>
    virtual_hosts.flatMap((host) => host.routes ?? []),
  );
  return new Map(
    routes.flatMap(({ match, route }) => {
      const name = /GOOD-\w+/.exec(JSON.stringify(match))?.[0];
      return name === undefined ? [] : [[name, route?.cluster ?? ''] as const];
    }),
  );
}
