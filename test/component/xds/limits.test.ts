import { connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { type Client, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { StreamCallbacks } from '../../../src/xds/callbacks.js';
import { DEFAULT_LIMITS, type Limits } from '../../../src/xds/limits.js';
import { WireStream } from '../../conformance/wire-stream.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, connect, deserialize, serialize } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';
import { aResource } from '../../support/resources.js';

const PATIENCE = 15_000;
let plane: ControlPlane;
let clients: Client[];
let sockets: Socket[];
/** A proxy that behaves, and is to notice nothing. */
let good: AdsStream;
let changes: number;

beforeEach(() => {
  clients = [];
  sockets = [];
  changes = 0;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const client of clients) client.close();
  await plane.server.stop();
});

async function start(limits: Partial<Limits>): Promise<void> {
  plane = await ControlPlane.start({ limits: { ...DEFAULT_LIMITS, ...limits } });
  plane.publish(aResource('web', '0'));
  good = new AdsStream(connection(), 'good');
  good.ask(TYPE_URL.cluster);
  await eventually(() => expect(good.responses).toHaveLength(1), PATIENCE);
}

/** With a connection of its own. */
function connection(): Client {
  const client = connect(plane.address, { 'grpc.use_local_subchannel_pool': 1 });
  clients.push(client);
  return client;
}

function socket(): Socket {
  const made = connectSocket(plane.port, '127.0.0.1');
  made.on('error', () => undefined);
  // The end is only seen by who reads.
  made.resume();
  sockets.push(made);
  return made;
}

async function closed(...some: readonly Socket[]): Promise<void> {
  await eventually(() => expect(some.every(({ closed }) => closed)).toBe(true), PATIENCE);
}

/** The proxy that behaves is served on. */
async function goodGoesOn(): Promise<void> {
  changes += 1;
  plane.publish(aResource('web', String(changes)));
  await eventually(() => expect(good.responses).toHaveLength(1 + changes), PATIENCE);
  expect(good.ended).toBeUndefined();
}

async function endsWith(stream: AdsStream, code: status, details: RegExp): Promise<void> {
  const ended = await eventually(() => {
    if (stream.ended === undefined) throw new Error('it goes on');
    return stream.ended;
  }, PATIENCE);
  expect(ended).toMatchObject({ code, details: expect.stringMatching(details) });
}

test('connections of one client, and of all', async () => {
  await start({ connections: 4, connections_per_client: 3 });
  const [a, b, c] = [socket(), socket(), socket()];
  await closed(c);
  expect([a.closed, b.closed]).toEqual([false, false]);
  await goodGoesOn();
  // One that goes makes room.
  a.destroy();
  await eventually(async () => {
    const next = new AdsStream(connection(), 'next');
    next.ask(TYPE_URL.cluster);
    await eventually(() => expect(next.responses).toHaveLength(1), 1_000);
  }, PATIENCE);
});

test('connections that say nothing', async () => {
  await start({ handshake_timeout: 200 });
  const silent = [socket(), socket()];
  const dripping = socket();
  dripping.write('PRI');
  await closed(...silent, dripping);
  await goodGoesOn();
});

test('connections without a stream, and streams without a request', async () => {
  await start({ idle_timeout: 300 });
  const session = connectHttp2(`http://${plane.address}`);
  session.on('error', () => undefined);
  const stream = new AdsStream(connection(), 'silent');
  await eventually(() => expect(session.closed).toBe(true), PATIENCE);
  await endsWith(stream, status.DEADLINE_EXCEEDED, /nothing was asked for/);
  await goodGoesOn();
});

test('streams of one client, and of all', async () => {
  await start({ streams: 4, streams_per_client: 2 });
  const client = connection();
  const one = new AdsStream(client, 'one');
  one.ask(TYPE_URL.cluster);
  await eventually(() => expect(one.responses).toHaveLength(1), PATIENCE);
  const two = new AdsStream(connection(), 'two');
  two.ask(TYPE_URL.cluster);
  await endsWith(two, status.RESOURCE_EXHAUSTED, /this client has too many streams/);
  one.cancel();
  await eventually(async () => {
    const three = new AdsStream(client, 'three');
    three.ask(TYPE_URL.cluster);
    await eventually(() => expect(three.responses).toHaveLength(1), 1_000);
  }, PATIENCE);
  await goodGoesOn();
});

test('requests a second: those that come faster wait', async () => {
  await start({ requests_per_second: 10 });
  const fast = new AdsStream(connection(), 'fast');
  const began = performance.now();
  for (let request = 0; request < 25; request += 1) fast.ask(TYPE_URL.endpoints, `name-${request}`);
  fast.ask(TYPE_URL.cluster);
  await goodGoesOn();
  await eventually(() => expect(fast.last(TYPE_URL.cluster)).toBeDefined(), PATIENCE);
  // Two full seconds' worth went before it, the first of which began with the first request.
  expect(performance.now() - began).toBeGreaterThan(1_000);
  expect(fast.ended).toBeUndefined();
});

test('the bytes of a request', async () => {
  await start({ message_bytes: 10_000 });
  const large = new AdsStream(connection(), 'large');
  large.ask(TYPE_URL.endpoints, 'x'.repeat(20_000));
  await endsWith(large, status.RESOURCE_EXHAUSTED, /10000 bytes/);
  await goodGoesOn();
});

test('the bytes of the headers', async () => {
  await start({ header_bytes: 2_048 });
  const ended = await new Promise<StatusObject>((resolve) => {
    const metadata = new Metadata();
    metadata.set('x-bomb', 'x'.repeat(3_000));
    const call = connection().makeBidiStreamRequest(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
      serialize('envoy.service.discovery.v3.DiscoveryRequest'),
      deserialize('envoy.service.discovery.v3.DiscoveryResponse'),
      metadata,
    );
    call.on('error', () => undefined);
    call.on('status', resolve);
  });
  expect(ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('2048 bytes'),
  });
  await goodGoesOn();
});

test('the names of a request and of a stream, and the types of a stream', async () => {
  await start({ names_per_request: 3, names_per_stream: 5, types_per_stream: 3 });
  const client = connection();
  const request = new AdsStream(client, 'request');
  request.ask(TYPE_URL.endpoints, 'a', 'b', 'c', 'd');
  await endsWith(request, status.RESOURCE_EXHAUSTED, /a request may have 3 resource names/);
  const names = new AdsStream(client, 'names');
  names.ask(TYPE_URL.endpoints, 'a', 'b', 'c');
  names.ask(TYPE_URL.route, 'a', 'b', 'c');
  await endsWith(names, status.RESOURCE_EXHAUSTED, /a stream may ask for 5 resources by name/);
  const types = new AdsStream(client, 'types');
  for (const type of ['1', '2', '3', '4']) types.ask(`type.googleapis.com/example.Type${type}`, 'a');
  await endsWith(types, status.RESOURCE_EXHAUSTED, /a stream may ask for 3 types/);
  await goodGoesOn();
});

test.each(['sotw', 'delta'] as const)(
  'a request of very many names holds nobody up: %s',
  async (protocol) => {
    const log: string[] = [];
    const callbacks: StreamCallbacks = {
      requestReceived: (_stream, request) => {
        const names = Reflect.get(
          request,
          protocol === 'sotw' ? 'resource_names' : 'resource_names_subscribe',
        );
        // What is published while the request is under way is with its proxies before the answer is.
        if (Array.isArray(names) && names.length > 1)
          setImmediate(() => plane.publish(aResource('web', '\n\x09meanwhile')));
        return undefined;
      },
    };
    plane = await ControlPlane.start({ callbacks });
    plane.publish(aResource('web', '\n\x06before'));
    good = new AdsStream(connection(), 'good', undefined, () => log.push('good'));
    good.ask(TYPE_URL.cluster);
    await eventually(() => expect(log).toEqual(['good']), PATIENCE);
    const verb = protocol === 'sotw' ? 'Stream' : 'Delta';
    const path = `/envoy.service.discovery.v3.AggregatedDiscoveryService/${verb}AggregatedResources`;
    const many = new WireStream(connection(), path, protocol, () => log.push('many'));
    const names = ['web', ...Array.from({ length: 90_000 }, (_, n) => `no-such-service-${n}`)];
    const node = { id: 'many', cluster: 'many' };
    many.send({
      typeUrl: TYPE_URL.cluster,
      node,
      ...(protocol === 'sotw' ? { names } : { subscribe: names }),
    });
    await eventually(() => expect(log).toEqual(['good', 'good', 'many']), PATIENCE);
    many.cut();
    await eventually(() => expect(plane.server.streams.size).toBe(1), PATIENCE);
  },
);

test('a client that does not read', async () => {
  await start({ queued_bytes: 100_000, queued_time: 300 });
  const session = connectHttp2(`http://${plane.address}`);
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.pause();
  const body = serialize('envoy.service.discovery.v3.DiscoveryRequest')({
    node: { id: 'slow' },
    type_url: TYPE_URL.cluster,
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  stream.write(Buffer.concat([head, body]));
  await eventually(() => expect(plane.server.streams.size).toBe(2), PATIENCE);
  for (let change = 1; change <= 5; change += 1) {
    plane.publish(aResource('web', `${change}`.padEnd(1_000_000, 'x')));
    await eventually(() => expect(good.responses).toHaveLength(1 + change), PATIENCE);
  }
  changes = 5;
  await eventually(() => expect(plane.server.streams.size).toBe(1), PATIENCE);
  await eventually(() => expect(session.destroyed).toBe(true), PATIENCE);
  await goodGoesOn();
});
