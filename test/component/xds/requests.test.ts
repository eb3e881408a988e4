import { type Client, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { encodeStruct } from '../../../src/protobuf/struct-bytes.js';
import { lengthDelimited, text } from '../../../src/protobuf/wire.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { XdsServerOptions } from '../../../src/xds/server.js';
import { encodeRequest, type Sent } from '../../conformance/wire.js';
import { statusName, WireStream } from '../../conformance/wire-stream.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream } from '../../support/ads-client.js';
import { Connections } from '../../support/connections.js';
import { ControlPlane } from '../../support/control-plane.js';
import { aResource } from '../../support/resources.js';

const PATIENCE = 15_000;
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const CUSTOM = 'type.googleapis.com/example.Custom';
let plane: ControlPlane;
const connections = new Connections();
/** A proxy that behaves, and is to notice nothing. */
let good: AdsStream;

afterEach(async () => {
  connections.close();
  await plane.server.stop();
});

const connection = (): Client => connections.open(plane.address);

async function start(options: Partial<XdsServerOptions> = {}): Promise<void> {
  plane = await ControlPlane.start(options);
  plane.publish(aResource('web', '0'));
  good = new AdsStream(connection(), 'good');
  good.ask(TYPE_URL.cluster);
  await eventually(() => expect(good.responses).toHaveLength(1), PATIENCE);
}

/** A stream of a proxy that has said who it is. */
class Asking {
  responses = 0;
  ended = '';
  readonly #stream: WireStream;

  constructor(
    private readonly protocol: 'sotw' | 'delta',
    client = connection(),
  ) {
    const verb = protocol === 'sotw' ? 'Stream' : 'Delta';
    this.#stream = new WireStream(client, `${ADS}/${verb}AggregatedResources`, protocol, () => {
      this.responses += 1;
    });
    this.#stream.ended.then(
      ({ code, details }) => {
        this.ended = `${statusName(code)} ${details}`;
      },
      () => undefined,
    );
  }

  ask(typeUrl: string, names: readonly string[], unsubscribe: readonly string[] = []): this {
    const node = { id: 'asking', cluster: 'test' };
    const asked: Partial<Sent> = this.protocol === 'sotw' ? { names } : { subscribe: names, unsubscribe };
    this.#stream.send({ typeUrl, node, ...asked });
    return this;
  }

  async endsWith(ended: RegExp): Promise<void> {
    await eventually(() => expect(this.ended).toMatch(ended), PATIENCE);
  }
}

async function goodGoesOn(): Promise<void> {
  const before = good.responses.length;
  plane.publish(aResource('web', String(before)));
  await eventually(() => expect(good.responses).toHaveLength(before + 1), PATIENCE);
  expect(good.ended).toBeUndefined();
}

const many = (count: number, length: number, prefix = '') =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`.padEnd(length, 'x'));

test.each(['sotw', 'delta'] as const)(
  'a name of more than 4 KiB, a type URL of more than 256 bytes: %s',
  async (protocol) => {
    await start();
    const secret = 'secret'.repeat(1_000);
    await new Asking(protocol)
      .ask(TYPE_URL.endpoints, [secret])
      .endsWith(/^RESOURCE_EXHAUSTED the name of a resource may have 4096 bytes$/);
    await new Asking(protocol)
      .ask(secret, ['a'])
      .endsWith(/^RESOURCE_EXHAUSTED a type URL may have 256 bytes$/);
    await goodGoesOn();
  },
);

test.each(['sotw', 'delta'] as const)('the bytes of the names of a stream: %s', async (protocol) => {
  await start();
  const asking = new Asking(protocol).ask(TYPE_URL.endpoints, many(2_100, 4_000));
  asking.ask(TYPE_URL.route, many(2_000, 4_000));
  await eventually(() => expect(plane.server.streams.size).toBe(2), PATIENCE);
  expect(asking.ended).toBe('');
  asking.ask(TYPE_URL.secret, many(200, 4_000));
  await asking.endsWith(
    /^RESOURCE_EXHAUSTED the names that a stream asks for may have 16777216 bytes, these have \d+$/,
  );
  await goodGoesOn();
});

test('names of types of which nothing is served', async () => {
  await start();
  const asking = new Asking('delta');
  for (let type = 0; type < 10; type += 1) asking.ask(`${CUSTOM}${type}`, many(10, 600));
  await eventually(() => expect(asking.responses).toBe(10), PATIENCE);
  asking.ask(`${CUSTOM}a`, many(10, 600));
  await asking.endsWith(/^RESOURCE_EXHAUSTED names of types that are not served may have 65536 bytes/);
  await goodGoesOn();
});

test('a type whose first resource is published later is sent on the same stream', async () => {
  await start();
  const asking = new Asking('delta').ask(CUSTOM, ['a']);
  await eventually(() => expect(asking.responses).toBe(1), PATIENCE);
  plane.publish(aResource('web', '1'), makeResource(CUSTOM, 'a', Buffer.from('\n\x011')));
  await eventually(() => expect(asking.responses).toBe(2), PATIENCE);
});

/** They held 1.8 GB. */
test('thirty streams of a connection with names of 1 MiB', async () => {
  await start();
  const client = connection();
  const streams = Array.from({ length: 30 }, (_, n) =>
    new Asking('delta', client).ask(TYPE_URL.endpoints, many(10, 1_048_576, `${n} `)),
  );
  for (const stream of streams) await stream.endsWith(/4096 bytes|may make the server hold/);
  await goodGoesOn();
});

test('streams of a connection that together keep too many names', async () => {
  await start();
  const client = connection();
  const streams = Array.from({ length: 8 }, (_, n) =>
    new Asking('delta', client).ask(TYPE_URL.endpoints, many(3_000, 4_000, `${n} `)),
  );
  await eventually(() => {
    const ended = streams.filter(({ ended }) => ended !== '');
    expect(ended.length).toBeGreaterThan(2);
    for (const stream of ended) expect(stream.ended).toMatch(/^RESOURCE_EXHAUSTED .*hold/);
  }, PATIENCE);
  await goodGoesOn();
});

test('who asks for names and lets go of them without an acknowledgement', async () => {
  await start();
  const asking = new Asking('delta');
  for (let round = 0; round < 8; round += 1) {
    const names = many(3_900, 4_000, `${round} `);
    asking.ask(TYPE_URL.endpoints, names);
    asking.ask(TYPE_URL.endpoints, [], names);
  }
  await asking.endsWith(/^RESOURCE_EXHAUSTED .*hold/);
  await goodGoesOn();
});

/** They ended a process of 1 GB. */
test('200 streams of a node with large metadata keep little of it', async () => {
  await start();
  const metadata = lengthDelimited(3, encodeStruct({ role: 'edge', blob: 'x'.repeat(250_000) }));
  const bytes = Buffer.concat([
    lengthDelimited(2, Buffer.concat([text(1, 'large'), metadata])),
    text(4, TYPE_URL.cluster),
  ]);
  let answered = 0;
  for (let connections = 0; connections < 4; connections += 1) {
    const client = connection();
    for (let stream = 0; stream < 50; stream += 1) {
      const call = client.makeBidiStreamRequest(
        `${ADS}/StreamAggregatedResources`,
        (sent: Uint8Array) => Buffer.from(sent),
        (received) => received,
      );
      call.on('data', () => {
        answered += 1;
      });
      call.on('error', () => undefined);
      call.write(bytes);
    }
  }
  await eventually(() => expect(answered).toBe(200), PATIENCE);
  const kept = [...plane.server.streams].filter(({ node }) => node.id === 'large');
  expect(kept).toHaveLength(200);
  for (const { node } of kept) expect(node.metadata).toEqual({ role: 'edge' });
  await goodGoesOn();
});

test('a node with a long id is refused', async () => {
  await start();
  const bytes = encodeRequest('sotw', {
    typeUrl: TYPE_URL.cluster,
    node: { id: 'x'.repeat(1_025), cluster: '' },
  });
  const call = connection().makeBidiStreamRequest(
    `${ADS}/StreamAggregatedResources`,
    (sent: Uint8Array) => Buffer.from(sent),
    (received) => received,
  );
  const ended = new Promise((resolve) => call.on('status', resolve));
  call.on('error', () => undefined);
  call.on('data', () => undefined);
  call.write(bytes);
  expect(await ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: 'the id of a node may have 1024 bytes',
  });
  await goodGoesOn();
});
