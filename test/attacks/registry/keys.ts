import { ConsulKv } from '../../peers/consul-kv.js';
import { EtcdClient } from '../../peers/etcd-client.js';
import type { Attack, Stage, Strike, World } from '../attack.js';
import { followedKey, type KeyStore } from '../followed.js';
import { aborted } from '../pace.js';
import { deepInstance } from './deep.js';

const GOOD = 'good/127.0.0.1:1000';
const POISON = 'poisoned/127.0.0.1:1000';

/** Good services beside the poisonous entry. */
async function fill(store: KeyStore, prefix: string): Promise<void> {
  for (let n = 0; n < 20; n += 1) await store.put(`${prefix}service-${n}/127.0.0.1:1000`, { weight: 1 });
  await store.put(`${prefix}${GOOD}`, { weight: 1 });
}

const etcdStage =
  (prefix: string, poison?: string) =>
  async ({ etcd }: World): Promise<Stage> => {
    await fill(etcd.client, prefix);
    if (poison !== undefined) await etcd.client.put(`${prefix}${POISON}`, poison);
    return {
      config: { discovery: { keys: { type: 'etcd', endpoints: [etcd.url], prefix } } },
      followed: () => followedKey(etcd.client, 'good', `${prefix}${GOOD}`),
    };
  };

const consulStage =
  (prefix: string, poison?: string) =>
  async ({ consul }: World): Promise<Stage> => {
    const { kv, url } = await consul();
    await fill(kv, prefix);
    if (poison !== undefined) await kv.put(`${prefix}${POISON}`, poison);
    return {
      config: { discovery: { keys: { type: 'consul_kv', servers: [url], prefix } } },
      followed: () => followedKey(kv, 'good', `${prefix}${GOOD}`),
      given: { consul: url },
    };
  };

/** Writes poisonous values, each under a key of its own. */
const writes =
  (prefix: string, values: () => readonly string[]): Strike =>
  async ({ given }, signal, tell) => {
    const { etcd = '', consul } = given;
    const store = consul === undefined ? new EtcdClient(etcd) : new ConsulKv(consul);
    let written = 0;
    tell(() => `${written} poisonous entries`);
    for (const value of values()) {
      await store.put(`${prefix}${POISON}${written}`, value);
      written += 1;
    }
    await aborted(signal);
    await store.close();
  };

const waits: Strike = async (_target, signal, tell) => {
  tell(() => 'a poisonous entry from the start');
  await aborted(signal);
};

const DEEP = deepInstance(5_000);
/** Other kinds of the same fault. */
const SIBLINGS = () => [
  deepInstance(100),
  `{"weight":1,"metadata":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
  deepInstance(50_000),
  `{"weight":${'9'.repeat(400_000)}}`,
  `{"weight":1,"metadata":{"text":"${'x'.repeat(400_000)}"}}`,
  '{"weight":1,"metadata":{"__proto__":{"a":1},"constructor":1,"\\ud800":"\\udfff"}}',
];

export const KEYS: readonly Attack[] = [
  { name: 'etcd: metadata 5,000 deep', stage: etcdStage('/deep/'), strike: writes('/deep/', () => [DEEP]) },
  { name: 'etcd: metadata 5,000 deep from the start', stage: etcdStage('/deep-start/', DEEP), strike: waits },
  { name: 'etcd: entries of other bad kinds', stage: etcdStage('/bad/'), strike: writes('/bad/', SIBLINGS) },
  {
    name: 'Consul KV: metadata 5,000 deep',
    stage: consulStage('deep/'),
    strike: writes('deep/', () => [DEEP]),
  },
  {
    name: 'Consul KV: metadata 5,000 deep from the start',
    stage: consulStage('deep-start/', DEEP),
    strike: waits,
  },
  {
    name: 'Consul KV: entries of other bad kinds',
    stage: consulStage('bad/'),
    strike: writes('bad/', SIBLINGS),
  },
];
