import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { type Client, type ClientDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import type { ClientStatusRequest } from '../../../src/generated/types/envoy/service/status/v3/ClientStatusRequest.js';
import type { ClientStatusResponse } from '../../../src/generated/types/envoy/service/status/v3/ClientStatusResponse.js';
import type { Struct } from '../../../src/generated/types/google/protobuf/Struct.js';
import { plainStruct } from '../../../src/protobuf/struct.js';
import { encodeStruct } from '../../../src/protobuf/struct-bytes.js';
import { lengthDelimited, text } from '../../../src/protobuf/wire.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { DEFAULT_LIMITS } from '../../../src/xds/limits.js';
import type { XdsServerOptions } from '../../../src/xds/server.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, deserialize, serialize } from '../../support/ads-client.js';
import { Connections } from '../../support/connections.js';
import { ControlPlane } from '../../support/control-plane.js';
import { aResource } from '../../support/resources.js';

const PATIENCE = 15_000;
const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService';
let plane: ControlPlane;
const connections = new Connections();
afterEach(async () => {
  connections.close();
  await plane.server.stop();
});

const connection = (): Client => connections.open(plane.address);

/** A stream of questions that reads when it is told to. */
class Asking {
  readonly answers: ClientStatusResponse[] = [];
  ended: StatusObject | undefined;
  readonly #call: ClientDuplexStream<ClientStatusRequest, ClientStatusResponse>;

  constructor(method = 'StreamClientStatus') {
    this.#call = connection().makeBidiStreamRequest(
      `${SERVICE}/${method}`,
      serialize('envoy.service.status.v3.ClientStatusRequest'),
      deserialize('envoy.service.status.v3.ClientStatusResponse'),
    );
    this.#call.on('error', () => undefined);
    this.#call.on('status', (ended: StatusObject) => {
      this.ended = ended;
    });
  }

  read(): this {
    this.#call.on('data', (answer: ClientStatusResponse) => this.answers.push(answer));
    return this;
  }

  ask(question: ClientStatusRequest = {}): this {
    this.#call.write(question);
    return this;
  }
}

/** Asks so many questions at once and reads no answer. Of HTTP/2, since a client of gRPC would read some ahead. */
function silentAsker(questions: number): ClientHttp2Stream {
  const session = connectHttp2(`http://${plane.address}`);
  session.on('error', () => undefined);
  const call = session.request({
    ...{ ':method': 'POST', ':path': `${SERVICE}/StreamClientStatus` },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  });
  call.on('error', () => undefined);
  call.on('close', () => session.destroy());
  call.pause();
  call.write(Buffer.alloc(5 * questions));
  return call;
}

async function start(options: Partial<XdsServerOptions> = {}): Promise<void> {
  plane = await ControlPlane.start(options);
  plane.publish(aResource('web', '0'));
}

/** A stream of a node whose bytes may be any. */
function streamOf(node: Uint8Array) {
  const call = connection().makeBidiStreamRequest(
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
    (bytes: Uint8Array) => Buffer.from(bytes),
    deserialize('envoy.service.discovery.v3.DiscoveryResponse'),
  );
  const stream: { responses: number; ended?: StatusObject } = { responses: 0 };
  call.on('data', () => {
    stream.responses += 1;
  });
  call.on('error', () => undefined);
  call.on('status', (ended: StatusObject) => {
    stream.ended = ended;
  });
  call.write(Buffer.concat([lengthDelimited(2, node), text(4, TYPE_URL.cluster)]));
  return stream;
}

const nested = (levels: number): Readonly<Record<string, unknown>> => {
  let value: Record<string, unknown> = { end: true };
  for (let level = 1; level < levels; level += 1) value = { deeper: value };
  return value;
};
const nodeWith = (metadata: Readonly<Record<string, unknown>>, id = 'deep') =>
  Buffer.concat([text(1, id), lengthDelimited(3, encodeStruct(metadata))]);

test.each([20, 32])('a node of %i levels is told as it told of itself', async (levels) => {
  await start();
  const stream = streamOf(nodeWith(nested(levels)));
  await eventually(() => expect(stream.responses).toBe(1), PATIENCE);
  const asking = new Asking().read().ask();
  await eventually(() => expect(asking.answers).toHaveLength(1), PATIENCE);
  const { metadata } = asking.answers[0]?.config?.[0]?.node ?? {};
  expect(plainStruct(metadata as Struct)).toEqual(nested(levels));
});

/** 49 levels could be read and not written: an answer about them ended the process. */
test.each([33, 49, 1_000])('a node of %i levels is refused, and others are told of', async (levels) => {
  await start();
  const good = new AdsStream(connection(), 'good');
  good.ask(TYPE_URL.cluster);
  await eventually(() => expect(good.responses).toHaveLength(1), PATIENCE);
  const stream = streamOf(nodeWith(nested(levels)));
  await eventually(() => expect(stream.ended).toBeDefined(), PATIENCE);
  expect(stream.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringMatching(/nested 32 levels deep/),
  });
  const asking = new Asking().read().ask();
  await eventually(() => expect(asking.answers).toHaveLength(1), PATIENCE);
  expect(asking.answers[0]?.config?.map(({ node }) => node?.id)).toEqual(['good']);
});

test('an answer that cannot be made ends its call alone', async () => {
  let asked = 0;
  await start({
    clientStatus: async () => {
      asked += 1;
      if (asked === 1) throw new Error('a secret of the machine');
      return { response: Buffer.alloc(0), milliseconds: 0 };
    },
  });
  const asking = new Asking().read().ask();
  await eventually(() => expect(asking.ended).toBeDefined(), PATIENCE);
  expect(asking.ended).toMatchObject({ code: status.INTERNAL, details: 'the answer cannot be made' });
  const again = new Asking().read().ask();
  await eventually(() => expect(again.answers).toHaveLength(1), PATIENCE);
});

test('the next question is taken when the answer to the last one has been read', async () => {
  let asked = 0;
  const response = lengthDelimited(1, lengthDelimited(4, Buffer.alloc(4 * 2 ** 20, 97)));
  await start({
    clientStatus: async (request) => {
      if (request.length === 0) asked += 1;
      return { response: request.length === 0 ? response : Buffer.alloc(0), milliseconds: 0 };
    },
  });
  const silent = silentAsker(50);
  await eventually(() => expect(asked).toBeGreaterThan(0), PATIENCE);
  // Others are answered meanwhile.
  const other = new Asking().read();
  for (let question = 1; question <= 20; question += 1) {
    other.ask({ exclude_resource_contents: true });
    await eventually(() => expect(other.answers).toHaveLength(question), PATIENCE);
  }
  // Some megabytes of the first one are on their way.
  expect(asked).toBe(1);
  silent.resume();
  await eventually(() => expect(asked).toBe(50), PATIENCE);
  silent.close();
});

test('answers are made one at a time, and what they cost is waited out', async () => {
  let open = 0;
  let asked = 0;
  await start({
    clientStatus: async () => {
      asked += 1;
      open += 1;
      expect(open).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return { response: Buffer.alloc(0), milliseconds: 200 };
    },
  });
  const began = performance.now();
  const askers = Array.from({ length: 5 }, () => new Asking().read().ask());
  await eventually(() => expect(askers.every(({ answers }) => answers.length === 1)).toBe(true), PATIENCE);
  const [first] = askers;
  for (let question = 0; question < 3; question += 1) first?.ask();
  await eventually(() => expect(first?.answers).toHaveLength(4), PATIENCE);
  expect(asked).toBe(8);
  // A connection has a quarter of the time, of which one second's share may come at once.
  expect(performance.now() - began).toBeGreaterThan(1_000);
});

test('a stream without a question ends', async () => {
  await start({ limits: { ...DEFAULT_LIMITS, idle_timeout: 200 } });
  const silent = new Asking().read().ask();
  await eventually(() => expect(silent.ended?.code).toBe(status.DEADLINE_EXCEEDED), PATIENCE);
  expect(silent.answers).toHaveLength(1);
});

test('a call of one question is answered and ends', async () => {
  await start();
  const stream = streamOf(nodeWith({ a: 1 }, 'n'));
  await eventually(() => expect(stream.responses).toBe(1), PATIENCE);
  const answer = await new Promise<ClientStatusResponse>((resolve, reject) => {
    connection().makeUnaryRequest(
      `${SERVICE}/FetchClientStatus`,
      serialize('envoy.service.status.v3.ClientStatusRequest'),
      deserialize('envoy.service.status.v3.ClientStatusResponse'),
      {},
      (error, value?: ClientStatusResponse) => (error === null ? resolve(value ?? {}) : reject(error)),
    );
  });
  expect(answer.config?.map(({ node }) => node?.id)).toEqual(['n']);
});
