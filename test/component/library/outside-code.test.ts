import { status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  publishServices,
  type ServiceState,
  type Source,
  type SourceSink,
} from '../../../src/discovery/index.js';
import {
  type CacheServer,
  createServer,
  DEFAULT_GROUP,
  LinearCache,
  resource,
  Snapshot,
  SnapshotCache,
  type StreamCallbacks,
  TYPE_URL,
} from '../../../src/index.js';
import { XdsClient, type XdsClientOptions } from '../../../src/testing/index.js';

const { cluster } = TYPE_URL;
const aCluster = (name: string, alt_stat_name = '') =>
  resource('envoy.config.cluster.v3.Cluster', { name, alt_stat_name });
const of = (...names: readonly string[]) => Snapshot.of(names.map((name) => aCluster(name)));

const open: { close(): void }[] = [];
const servers: CacheServer[] = [];
let log: { readonly level: number; readonly msg: string; readonly err?: { readonly message: string } }[];
let unhandled: unknown[];
const notice = (thrown: unknown) => unhandled.push(thrown);

beforeEach(() => {
  log = [];
  unhandled = [];
  process.on('unhandledRejection', notice);
});
afterEach(async () => {
  for (const client of open.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  process.off('unhandledRejection', notice);
  expect(unhandled).toEqual([]);
});

const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });

async function serve(options: Omit<Parameters<typeof createServer>[0], 'logger'>): Promise<string> {
  const server = createServer({ ...options, logger });
  servers.push(server);
  return await server.listen('127.0.0.1:0');
}

function connect(address: string, options: XdsClientOptions = {}): XdsClient {
  const client = new XdsClient(address, options);
  open.push(client);
  client.subscribe(cluster);
  return client;
}

/** The ways in which a function that is called fails. */
const FAILURES: readonly (readonly [string, () => never, string])[] = [
  [
    'throws',
    () => {
      throw new Error('a defect');
    },
    'a defect',
  ],
  [
    'throws something that is no error',
    () => {
      throw Object.create(null);
    },
    'without a text',
  ],
  // A compiler would not take it.
  ['rejects', (async () => await Promise.reject(new Error('a late defect'))) as () => never, 'a late defect'],
];

describe.each(FAILURES)('a function that %s', (_, fail, reason) => {
  test.each(['streamOpened', 'requestReceived', 'responseSent'] as const)(
    'as %s ends its own stream and is logged',
    async (name) => {
      const cache = new SnapshotCache();
      cache.setSnapshot(DEFAULT_GROUP, of('a'));
      let broken = true;
      // What a user without a compiler may give.
      const callbacks = { [name]: () => (broken ? fail() : undefined) } as unknown as StreamCallbacks;
      const address = await serve({ cache, callbacks });
      const first = connect(address);
      await first.until(() => first.ended !== undefined);
      expect(first.ended).toMatchObject({ code: status.INTERNAL });
      expect(log.filter(({ msg }) => msg.startsWith('a callback failed: '))).toHaveLength(1);
      broken = false;
      const second = connect(address);
      await second.until(() => second.names(cluster).length === 1);
    },
  );

  test('as streamClosed is logged, and the stream is gone', async () => {
    const cache = new SnapshotCache();
    cache.setSnapshot(DEFAULT_GROUP, of('a'));
    const callbacks = { streamClosed: fail } as unknown as StreamCallbacks;
    const client = connect(await serve({ cache, callbacks }));
    await client.until(() => client.names(cluster).length === 1);
    client.close();
    await expect.poll(() => cache.status()).toEqual([]);
    await expect.poll(() => log.map(({ msg }) => msg).join('\n')).toContain(`a callback failed: `);
    expect(log.find(({ msg }) => msg.startsWith('a callback'))?.msg).toContain(reason);
  });

  test('as group ends the stream of that proxy alone', async () => {
    const cache = new SnapshotCache();
    cache.setSnapshot('fine', of('a'));
    const group = (({ id }: { readonly id: string }) =>
      id === 'bad' ? fail() : 'fine') as unknown as () => string;
    const address = await serve({ cache, group });
    const bad = connect(address, { node: 'bad' });
    const good = connect(address, { node: 'good' });
    await bad.until(() => bad.ended !== undefined);
    expect(bad.ended).toMatchObject({ code: status.INTERNAL, details: expect.stringContaining('"group"') });
    await good.until(() => good.names(cluster).length === 1);
    expect(log.map(({ msg }) => msg).join('\n')).toContain('a stream failed: the function "group" failed: ');
  });

  test('as a watcher keeps the change from nobody', async () => {
    const errors: unknown[] = [];
    const cache = new SnapshotCache(undefined, undefined, (thrown) => errors.push(thrown));
    const { signal } = new AbortController();
    const seen: string[][] = [];
    cache.watch(fail, signal);
    const client = connect(await serve({ cache }));
    cache.watch((_group, snapshot) => seen.push([...snapshot.set(cluster).names()]), signal);
    cache.setSnapshot(DEFAULT_GROUP, of('a'));
    await client.until(() => client.names(cluster).length === 1);
    expect(seen).toEqual([['a']]);
    await expect.poll(() => errors).toHaveLength(1);
    cache.reportStatus(fail, signal);
    expect(cache.status()).toHaveLength(1);
    expect(errors).toHaveLength(2);
  });

  test('as a watcher of a linear cache is reported too', async () => {
    const errors: unknown[] = [];
    const cache = new LinearCache(cluster, (thrown) => errors.push(thrown));
    cache.snapshots.watch(fail, new AbortController().signal);
    cache.put(aCluster('a'));
    expect(cache.size).toBe(1);
    await expect.poll(() => errors).toHaveLength(1);
  });

  test('as the place that errors go to reaches nobody, nor does one without such a place', async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on('warning', listener);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      for (const onError of [fail, undefined]) {
        const cache = new SnapshotCache(undefined, undefined, onError);
        cache.watch(() => {
          throw new Error('of a watcher');
        }, new AbortController().signal);
        cache.setSnapshot(DEFAULT_GROUP, of('a'));
      }
      await expect.poll(() => warnings).toHaveLength(2);
      expect(warnings.map(({ message }) => message)).toContain('of a watcher');
    } finally {
      vi.restoreAllMocks();
      process.off('warning', listener);
    }
  });

  test('as resources costs its own service, which keeps what it had', async () => {
    const cache = new SnapshotCache();
    const life = new AbortController();
    let broken: string | undefined;
    const { source, say } = aSource();
    await Promise.all([
      publishServices({
        sources: [source],
        cache,
        group: DEFAULT_GROUP,
        signal: life.signal,
        logger,
        resources: (({
          name,
          instances,
        }: {
          readonly name: string;
          readonly instances: readonly object[];
        }) => (name === broken ? fail() : [aCluster(name, String(instances.length))])) as never,
      }),
      say({ a: 1, b: 1 }),
    ]);
    const published = () => {
      const set = cache.getSnapshot(DEFAULT_GROUP)?.set(cluster);
      return Object.fromEntries([...(set?.values() ?? [])].map(({ name, version }) => [name, version]));
    };
    const before = published();
    broken = 'a';
    await say({ a: 2, b: 2 });
    await expect.poll(() => published().b).toBe(aCluster('b', '2').version);
    expect(published().a).toBe(before.a);
    expect(log.map(({ msg }) => msg).join('\n')).toContain('the resources of a service could not be made');
    broken = undefined;
    await say({ a: 3, b: 2 });
    await expect.poll(() => published().a).toBe(aCluster('a', '3').version);
    life.abort();
  });

  test('as the alias of a source makes the name none of its own', async () => {
    const cache = new SnapshotCache();
    const life = new AbortController();
    const { source, say } = aSource();
    const alias = (name: string) => (name === 'b' ? fail() : undefined);
    await Promise.all([
      publishServices({
        sources: [{ ...source, alias: alias as never }],
        ...{ cache, group: DEFAULT_GROUP, signal: life.signal, logger },
      }),
      say({ a: 1, b: 1 }),
    ]);
    await say({ a: 1 });
    await expect
      .poll(() => [...(cache.getSnapshot(DEFAULT_GROUP)?.set(cluster).names() ?? [])])
      .toEqual(['a']);
    life.abort();
  });
});

/** A source that says how many instances its services have. */
function aSource(): {
  readonly source: Source;
  say(services: Readonly<Record<string, number>>): Promise<void>;
} {
  let begin: (sink: SourceSink) => void = () => undefined;
  const started = new Promise<SourceSink>((resolve) => {
    begin = resolve;
  });
  const known = new Set<string>();
  return {
    source: {
      ...{ registry: 'own', server: 'here' },
      run: async (sink, signal) => {
        begin(sink);
        await new Promise((done) => signal.addEventListener('abort', done));
      },
    },
    say: async (services) => {
      const sink = await started;
      for (const name of known) if (!(name in services)) sink.set({ service: name }, undefined);
      for (const [name, count] of Object.entries(services)) {
        known.add(name);
        const instances = Array.from({ length: count }, (_, index) => ({
          ...{ host: '127.0.0.1', port: 1_000 + index, weight: 1, metadata: {} },
        }));
        sink.set({ service: name }, { instances, filtered: [] });
      }
      sink.synced();
    },
  };
}

test.each([
  ['no key', undefined, { instances: [], filtered: [] }],
  ['no instances', { service: 'a' }, {}],
  ['an instance without a port', { service: 'a' }, { instances: [{ host: 'h' }], filtered: [] }],
  ['an instance that is none', { service: 'a' }, { instances: [null], filtered: [] }],
])('a source that tells %s is told so, and run again', async (_, key, state) => {
  const cache = new SnapshotCache();
  const life = new AbortController();
  let runs = 0;
  const source: Source = {
    ...{ registry: 'own', server: 'here' },
    run: async (sink, signal) => {
      runs += 1;
      if (runs === 1) sink.set(key as { service: string }, state as ServiceState);
      sink.synced();
      await new Promise((done) => signal.addEventListener('abort', done));
    },
  };
  const options = { cache, group: DEFAULT_GROUP, signal: life.signal, logger };
  await publishServices({ sources: [source], ...options });
  expect(runs).toBe(2);
  expect(log[0]?.err?.message).toMatch(/has to have/);
  life.abort();
});

test('a logger that throws holds nothing up', async () => {
  const cache = new SnapshotCache();
  cache.setSnapshot(DEFAULT_GROUP, of('a'));
  const broken = pino(
    { level: 'debug' },
    {
      write: () => {
        throw new Error('the disk is full');
      },
    },
  );
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
  try {
    const server = createServer({ cache, logger: broken.child({ of: 'us' }) });
    servers.push(server);
    const client = connect(await server.listen('127.0.0.1:0'));
    await client.until(() => client.names(cluster).length === 1);
    cache.setSnapshot(DEFAULT_GROUP, of('a', 'b'));
    await client.until(() => client.names(cluster).length === 2);
    client.close();
    await expect.poll(() => cache.status()).toEqual([]);
    expect(warned).toHaveBeenCalledTimes(1);
  } finally {
    vi.restoreAllMocks();
  }
});

test('a watcher that changes the cache itself leaves every watcher the order of the changes', () => {
  const cache = new SnapshotCache();
  const { signal } = new AbortController();
  const seen: string[] = [];
  cache.watch((_group, snapshot) => {
    if (snapshot.set(cluster).size === 1) cache.setSnapshot(DEFAULT_GROUP, of('a', 'b'));
  }, signal);
  cache.watch((_group, snapshot) => seen.push([...snapshot.set(cluster).names()].join()), signal);
  cache.setSnapshot(DEFAULT_GROUP, of('a'));
  expect(seen).toEqual(['a', 'a,b']);
});

test('a judge or a condition of a test that throws fails that test', async () => {
  const cache = new SnapshotCache();
  cache.setSnapshot(DEFAULT_GROUP, of('a'));
  const judge = () => {
    throw new Error('an expectation');
  };
  const client = connect(await serve({ cache }), { judge });
  await expect(client.until(() => false)).rejects.toThrow('an expectation');
  await expect
    .poll(() => cache.status()[0]?.types.get(cluster)?.rejected)
    .toMatchObject([{ name: 'a', message: 'an expectation' }]);
  let looks = 0;
  const waiting = client.until(() => {
    looks += 1;
    if (looks > 1) throw new Error('of the condition');
    return false;
  });
  cache.setSnapshot(DEFAULT_GROUP, of('a', 'b'));
  await expect(waiting).rejects.toThrow(/of the condition|an expectation/);
});
