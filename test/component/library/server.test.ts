import { credentials, Client as GrpcClient, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type CacheServer,
  createServer,
  DEFAULT_GROUP,
  LinearCache,
  resource,
  resourceFromBytes,
  Snapshot,
  SnapshotCache,
  type StreamCallbacks,
  TYPE_URL,
} from '../../../src/index.js';
import { messageIn, XdsClient, type XdsClientOptions } from '../../../src/testing/index.js';

const { cluster, runtime } = TYPE_URL;
const EXTENSION = 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig';
const aResource = (name: string, alt_stat_name = '') =>
  resource('envoy.config.cluster.v3.Cluster', { name, alt_stat_name });
const open: { close(): void }[] = [];
const servers: CacheServer[] = [];

afterEach(async () => {
  for (const client of open.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(...[options]: Parameters<typeof createServer>): Promise<string> {
  const server = createServer(options);
  servers.push(server);
  return await server.listen('127.0.0.1:0');
}

function connect(address: string, options: XdsClientOptions): XdsClient {
  const client = new XdsClient(address, options);
  open.push(client);
  return client;
}

describe.each(['sotw', 'delta'] as const)('%s', (variant) => {
  test('the status of a proxy tells what was sent, acknowledged and rejected', async () => {
    const cache = new SnapshotCache();
    const address = await serve({ cache, group: ({ cluster: name }) => name });
    cache.setSnapshot('edge', Snapshot.of([aResource('a')]));
    let refuse = false;
    const judge = () => (refuse ? 'not that one' : undefined);
    const client = connect(address, { variant, node: 'n', cluster: 'edge', metadata: { v: 1 }, judge });
    client.subscribe(cluster);
    await client.until(() => client.names(cluster).includes('a'));
    const accepted = client.responses.at(-1)?.version;
    refuse = true;
    cache.updateResources('edge', new Map([[cluster, new Map([['a', aResource('a', 'changed')]])]]));
    await client.until(() => client.responses.length === 2);
    await expect.poll(() => cache.status()[0]?.types.get(cluster)?.rejected.length).toBe(1);
    const [proxy] = cache.status();
    expect(proxy).toMatchObject({
      group: 'edge',
      variant,
      node: { id: 'n', cluster: 'edge', metadata: { v: 1 } },
    });
    expect(proxy?.types.get(cluster)).toMatchObject({
      subscribed: '*',
      sent: client.responses.at(-1)?.version,
      acknowledged: accepted,
      outstanding: 0,
      rejected: [{ name: 'a', message: 'not that one' }],
    });
    client.close();
    await expect.poll(() => cache.status()).toEqual([]);
  });

  test('a linear cache is served from the start, and follows each change', async () => {
    const cache = new LinearCache(cluster);
    const client = connect(await serve({ cache }), { variant });
    client.subscribe(cluster);
    await client.until(() => client.responses.length === 1);
    expect(client.names(cluster)).toEqual([]);
    cache.put(aResource('a'));
    cache.put(aResource('b'));
    await client.until(() => client.names(cluster).length === 2);
    cache.delete('a');
    await client.until(() => client.names(cluster).join() === 'b');
    client.unsubscribe(cluster);
    expect(client.names(cluster)).toEqual([]);
    expect(cache.status()).toHaveLength(1);
  });

  test('resources of any type are served by their type URL, with TTL and heartbeats', async () => {
    const cache = new SnapshotCache();
    const address = await serve({ cache });
    const thing = 'type.googleapis.com/acme.v1.Thing';
    const body = Buffer.from([10, 1, 120]);
    const fields = { x: { numberValue: 1 } };
    const typed_config = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' };
    cache.setSnapshot(
      DEFAULT_GROUP,
      Snapshot.of([
        resourceFromBytes(thing, 'x', body, { ttl: 300 }),
        resource(runtime, { name: 'rt', layer: { fields } }),
        resource('envoy.config.core.v3.TypedExtensionConfig', { name: 'e', typed_config }),
      ]),
    );
    const client = connect(address, { variant });
    client.subscribe(thing, 'x');
    client.subscribe(runtime, 'rt');
    client.subscribe(EXTENSION, 'e');
    await client.until(() => [thing, runtime, EXTENSION].every((type) => client.resources(type).size === 1));
    expect(client.resources(thing).get('x')).toMatchObject({ ttl: 300, body });
    const [layer] = client.resources(runtime).values();
    expect(layer && messageIn('envoy.service.runtime.v3.Runtime', layer)).toMatchObject({
      layer: { fields },
    });
    const ofThing = () => client.responses.filter(({ typeUrl }) => typeUrl === thing);
    await client.until(() => ofThing().length >= 3);
    const [, first] = ofThing();
    expect(first?.resources).toMatchObject([{ typeUrl: thing, name: 'x', ttl: 300 }]);
    // Delta beats without content. SotW sends it again, for Envoy drops what has none.
    expect(first?.resources[0]?.body).toEqual(variant === 'delta' ? undefined : body);
  });

  test('callbacks are told of everything in its order', async () => {
    const cache = new SnapshotCache();
    const told: string[] = [];
    const callbacks: StreamCallbacks = {
      streamOpened: (stream) => {
        told.push(`opened ${stream.variant} ${stream.typeUrl}`);
        return undefined;
      },
      streamClosed: (stream) => void told.push(`closed ${stream.id}`),
      requestReceived: (_, { type_url, response_nonce, node }) => {
        told.push(`request ${node?.id} ${type_url === cluster} ${response_nonce ? 'ack' : ''}`);
        return undefined;
      },
      responseSent: (_, { type_url, nonce, resources }) => {
        told.push(`response ${type_url === cluster} ${nonce !== ''} ${resources?.length}`);
        return undefined;
      },
    };
    const address = await serve({ cache, callbacks });
    cache.setSnapshot(DEFAULT_GROUP, Snapshot.of([aResource('a')]));
    const client = connect(address, { variant, node: 'n' });
    client.subscribe(cluster);
    await client.until(() => client.names(cluster).length === 1);
    await expect.poll(() => told.length).toBe(4);
    client.close();
    await expect.poll(() => told.length).toBe(5);
    const response = 'response true true 1';
    expect(told).toEqual([
      `opened ${variant} undefined`,
      'request n true ',
      response,
      'request undefined true ack',
      'closed 1',
    ]);
  });

  test.each(['streamOpened', 'requestReceived', 'responseSent'] as const)(
    'a veto of %s ends the stream',
    async (name) => {
      const cache = new SnapshotCache();
      const veto = { code: status.PERMISSION_DENIED, message: 'not for you' };
      const address = await serve({ cache, callbacks: { [name]: () => veto } });
      cache.setSnapshot(DEFAULT_GROUP, Snapshot.of([aResource('a')]));
      const client = connect(address, { variant });
      client.subscribe(cluster);
      await client.until(() => client.ended !== undefined);
      expect(client.ended).toMatchObject({ code: status.PERMISSION_DENIED, details: 'not for you' });
      expect(client.responses).toEqual([]);
      await expect.poll(() => cache.status()).toEqual([]);
    },
  );

  test('a callback that throws ends its stream, not the server', async () => {
    const cache = new LinearCache(cluster);
    let broken = true;
    const requestReceived = () => {
      if (broken) throw new Error('a defect');
      return undefined;
    };
    const address = await serve({ cache, callbacks: { requestReceived } });
    const first = connect(address, { variant });
    first.subscribe(cluster);
    await first.until(() => first.ended !== undefined);
    expect(first.ended).toMatchObject({ code: status.INTERNAL, details: 'a defect' });
    broken = false;
    const second = connect(address, { variant });
    second.subscribe(cluster);
    await second.until(() => second.responses.length === 1);
  });
});

test('the services stand beside others on a gRPC server of one’s own', async () => {
  const own = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  const method = {
    path: '/acme.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const;
  own.addService(
    { echo: method },
    {
      echo: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) =>
        done(null, call.request),
    },
  );
  const cache = new SnapshotCache();
  const server = createServer({ cache, server: own });
  const port = await new Promise<number>((resolve, reject) =>
    own.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const echo = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure());
  open.push(echo);
  try {
    await expect(server.listen('127.0.0.1:0')).rejects.toMatchObject({ code: 'listen_failed' });
    cache.setSnapshot(DEFAULT_GROUP, Snapshot.of([aResource('a')]));
    const client = connect(`127.0.0.1:${port}`, {});
    client.subscribe(cluster);
    await client.until(() => client.names(cluster).length === 1);
    await server.stop();
    await client.until(() => client.ended !== undefined);
    expect(client.ended?.code).toBe(status.UNAVAILABLE);
    const answer = await new Promise((resolve, reject) =>
      echo.makeUnaryRequest(method.path, asIs, asIs, Buffer.from('still here'), (error, said) =>
        error === null ? resolve(String(said)) : reject(error),
      ),
    );
    expect(answer).toBe('still here');
  } finally {
    own.forceShutdown();
  }
});

test('a client that waits in vain tells what it has', async () => {
  const cache = new LinearCache(cluster);
  cache.put(aResource('a'));
  const client = connect(await serve({ cache }), {});
  client.subscribe(cluster);
  await client.until(() => client.names(cluster).length === 1);
  const waiting = client.until(() => false, 1);
  await expect(waiting).rejects.toMatchObject({
    code: 'xds_timeout',
    message: expect.stringContaining('Cluster: a'),
  });
});
