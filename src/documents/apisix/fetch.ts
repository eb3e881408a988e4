import pino from 'pino';
import { EtcdConnections } from '../../discovery/etcd/connections.js';
import { etcdConnectionOptions } from '../../discovery/etcd/options.js';
import { EtcdPrefixWatch } from '../../discovery/etcd/prefix-watch.js';
import { folderOf } from '../../discovery/etcd/source.js';
import { HttpClient } from '../../discovery/http/http-client.js';
import { SignalboxError } from '../../errors.js';
import { textOf } from '../../text-of.js';
import { isObject } from '../json-document.js';

/** Bytes of an answer. */
const LARGEST = 268_435_456;
/** Milliseconds. */
const TIMEOUT = 10_000;
/** The document folders of APISIX. Older releases lack some. */
const FOLDERS = [
  ...['routes', 'upstreams', 'services', 'plugin_configs', 'global_rules', 'consumers', 'consumer_groups'],
  ...['ssls', 'stream_routes', 'protos', 'secrets', 'plugin_metadata'],
];

/** Documents of an APISIX by their keys, such as `routes/1`. */
export type Documents = ReadonlyMap<string, string>;

/**
 * What an APISIX's Admin API lists.
 * @param url such as `http://127.0.0.1:9180/apisix/admin`
 * @param key sent as `X-API-KEY`
 * @throws SignalboxError where it cannot be asked
 */
export async function fetchFromAdmin(url: string, key: string | undefined): Promise<Documents> {
  const client = new HttpClient(url, { maxAnswer: LARGEST, answerTimeout: TIMEOUT });
  try {
    const documents = new Map<string, string>();
    for (const folder of FOLDERS) {
      const answer = await client.get(`/${folder}`, {
        timeout: TIMEOUT,
        ...(key !== undefined && { headers: { 'x-api-key': key } }),
        accept: (status) => status === 200 || status === 404 || status === 400,
      });
      if (answer.status !== 200) continue;
      for (const [id, value] of listed(answer.json()))
        documents.set(`${folder}/${id}`, JSON.stringify(value));
    }
    return documents;
  } finally {
    await client.close();
  }
}

/** `{ list: [{ key, value }] }`, or what releases before 3.0 said: `{ node: { nodes: […] } }`. */
function listed(answer: unknown): readonly (readonly [string, unknown])[] {
  const content = isObject(answer) ? answer : {};
  const node = isObject(content.node) ? content.node : {};
  const list: unknown = content.list ?? node.nodes ?? [];
  return (Array.isArray(list) ? list : []).flatMap((item: unknown) => {
    if (!isObject(item)) return [];
    const id = textOf(item.key).split('/').at(-1) ?? '';
    return id === '' ? [] : [[id, item.value] as const];
  });
}

/**
 * What stands in an APISIX's etcd.
 * @param url of the etcd; a user and a password in it are its login
 * @throws SignalboxError where it cannot be asked
 */
export async function fetchFromEtcd(url: string, prefix: string): Promise<Documents> {
  const { origin, username, password } = new URL(url);
  const connection = etcdConnectionOptions.parse({
    endpoints: [origin],
    ...(username !== '' && { user: decodeURIComponent(username), password: decodeURIComponent(password) }),
  });
  const documents = new Map<string, string>();
  const life = new AbortController();
  let failure: SignalboxError | undefined;
  const watch = new EtcdPrefixWatch(
    { prefix: folderOf(prefix), connection, page_size: 5_000, relist_jitter: 0 },
    new EtcdConnections(),
    pino({ level: 'silent' }),
  );
  await watch.run(
    {
      changed: ({ key, value }) => {
        // Folders themselves have no id.
        if (value !== undefined && /\/.+$/.test(key)) documents.set(key, value);
      },
      synced: () => life.abort(),
      failed: (error) => {
        failure = SignalboxError.from(error);
        life.abort();
      },
    },
    life.signal,
  );
  if (failure !== undefined) throw failure;
  return documents;
}
