import { EtcdClient } from '../../peers/etcd-client.js';
import type { Attack, Stage, Strike, World } from '../attack.js';
import { followedRoute } from '../followed.js';
import { aborted } from '../pace.js';
import { deepJson } from './deep.js';

const PREFIX = '/documents';

const stage = async ({ etcd }: World): Promise<Stage> => {
  const followed = followedRoute(etcd.client, 'followed', `${PREFIX}/routes/followed`, 'service-0');
  await followed.change(100);
  return {
    config: {
      routes_from: { etcd: { endpoints: [etcd.url], prefix: PREFIX } },
      listeners: [{ name: 'followed', address: '127.0.0.1:10000' }],
    },
    followed: () => followed,
  };
};

/** A route whose deep part is Envoy's own JSON. */
const poison = (depth: number) =>
  `{"match":{"prefix":"/poison/"},"service_name":"service-1","envoy":{"metadata":{"filter_metadata":{"x":${deepJson(depth)}}}}}`;

const writes: Strike = async ({ given }, signal, tell) => {
  const store = new EtcdClient(given.etcd ?? '');
  const values = [
    poison(40),
    poison(200),
    poison(5_000),
    `{"match":{"regex":"(a+)+${'b'.repeat(100_000)}"},"service_name":"service-1"}`,
    `{"match":{"prefix":"/poison/"},"${'k'.repeat(100_000)}":1}`,
    deepJson(5_000),
  ];
  let written = 0;
  tell(() => `${written} poisonous documents`);
  for (const value of values) {
    await store.put(`${PREFIX}/routes/poison-${written}`, value);
    await store.put(`${PREFIX}/services/poison-${written}`, value);
    written += 1;
  }
  await aborted(signal);
  for (let n = 0; n < written; n += 1) {
    await store.delete(`${PREFIX}/routes/poison-${n}`);
    await store.delete(`${PREFIX}/services/poison-${n}`);
  }
  await store.close();
};

export const DOCUMENTS: readonly Attack[] = [
  { name: 'etcd: deep and long route documents', stage, strike: writes },
];
