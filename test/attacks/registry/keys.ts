import { ConsulKv } from '../../peers/consul-kv.js';
import { EtcdClient } from '../../peers/etcd-client.js';
import type { Attack, Stage, Strike, World } from '../attack.js';
import { followedKey, type KeyStore } from '../followed.js';
import { aborted } from '../pace.js';
import { Tally } from '../tally.js';
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

/** An entry: its key below the prefix, and its value. */
type Entry = readonly [key: string, value: string];

const writes =
  (prefix: string, entries: () => readonly Entry[]): Strike =>
  async ({ given }, signal, tell) => {
    const { etcd = '', consul } = given;
    const store = consul === undefined ? new EtcdClient(etcd) : new ConsulKv(consul);
    const results = new Tally();
    tell(() => `poisonous entries: ${results}`);
    for (const [key, value] of entries()) {
      const written = store.put(`${prefix}${key}`, value);
      results.add(
        await written.then(
          () => 'written',
          () => 'refused by the registry',
        ),
      );
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
const SIBLINGS = (): readonly Entry[] => [
  ...[
    deepInstance(100),
    `{"weight":1,"metadata":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    deepInstance(50_000),
    `{"weight":${'9'.repeat(400_000)}}`,
    `{"weight":1,"metadata":{"text":"${'x'.repeat(400_000)}"}}`,
    '{"weight":1,"metadata":{"__proto__":{"a":1},"constructor":1,"\\ud800":"\\udfff"}}',
    '{"weight":1e999,"max_fails":-1,"fail_timeout":"x","check_status":{}}',
    '\u0000\u001b[2J',
  ].map((value, n): Entry => [`poisoned-${n}/127.0.0.1:1000`, value]),
  ...['..', '.', '', 'a//b', 'bad\u0001', '__proto__', 'n'.repeat(400), '../../services', '%2e%2e'].map(
    (name): Entry => [`${name}/127.0.0.1:1000`, '{"weight":1}'],
  ),
  ...['127.0.0.1:99999', ':', '[::1', `${'h'.repeat(400)}:1`, '127.0.0.1:1/x'].map(
    (address): Entry => [`poisoned/${address}`, '{"weight":1}'],
  ),
];

export const KEYS: readonly Attack[] = [
  {
    name: 'etcd: metadata 5,000 deep',
    stage: etcdStage('/deep/'),
    strike: writes('/deep/', () => [[POISON, DEEP]]),
  },
  { name: 'etcd: metadata 5,000 deep from the start', stage: etcdStage('/deep-start/', DEEP), strike: waits },
  { name: 'etcd: entries of other bad kinds', stage: etcdStage('/bad/'), strike: writes('/bad/', SIBLINGS) },
  {
    name: 'Consul KV: metadata 5,000 deep',
    stage: consulStage('deep/'),
    strike: writes('deep/', () => [[POISON, DEEP]]),
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
