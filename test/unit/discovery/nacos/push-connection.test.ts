import { Server, ServerCredentials, type ServerDuplexStream, type UntypedHandleCall } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { decodeMessage } from '../../../../src/discovery/nacos/payload.js';
import { PushConnection } from '../../../../src/discovery/nacos/push-connection.js';
import { lengthDelimited, text } from '../../../../src/protobuf/wire.js';
import { nestedJson } from '../../../support/poison.js';

/** A message as Nacos frames it, of JSON that no value can say. */
function frame(type: string, json: string): Buffer {
  return Buffer.concat([lengthDelimited(2, text(3, type)), lengthDelimited(3, text(2, json))]);
}

const hosts = (metadata: string) =>
  `[{"ip":"10.0.0.1","port":80,"metadata":${metadata}},{"ip":"10.0.0.2","port":80}]`;
const info = (metadata: string) => `{"name":"web","groupName":"G","hosts":${hosts(metadata)}}`;
const asIs = (bytes: Buffer) => bytes;

/** Speaks as a Nacos that has gone mad would: a real one cannot be made to. */
const server = new Server();
const said: string[] = [];
let notified: ServerDuplexStream<Buffer, Buffer> | undefined;
let port = 0;

beforeAll(async () => {
  const method = (name: string, stream: boolean) => ({
    path: name,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  const handlers: Record<string, UntypedHandleCall> = {
    request: (call: { readonly request: Buffer }, answer: (error: null, bytes: Buffer) => void) => {
      const { type } = decodeMessage(call.request);
      const refused = type === 'SubscribeServiceRequest';
      answer(
        null,
        frame(
          'Response',
          refused ? `{"resultCode":500,"message":${nestedJson(100_000)}}` : '{"resultCode":200}',
        ),
      );
    },
    stream: (call: ServerDuplexStream<Buffer, Buffer>) => {
      notified = call;
      call.on('data', (bytes: Buffer) => said.push(decodeMessage(bytes).type));
      call.on('error', () => undefined);
    },
  };
  server.addService(
    { request: method('/Request/request', false), stream: method('/BiRequestStream/requestBiStream', true) },
    handlers,
  );
  port = await new Promise<number>((done, fail) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : fail(error),
    ),
  );
});
afterAll(() => server.forceShutdown());

test('what a server pushes costs no more than itself, however deep it is', async () => {
  const notify = vi.fn();
  const target = {
    address: `127.0.0.1:${port}`,
    namespace: '',
    timeout: 5_000,
    maxAnswer: 16 * 1_048_576,
    identity: async () => ({}),
    notify,
  };
  const connection = await PushConnection.open(target, new AbortController().signal);
  try {
    await vi.waitUntil(() => notified);
    const body = `{"requestId":${nestedJson(100_000)},"serviceInfo":${info(nestedJson(100_000))}}`;
    notified?.write(frame('NotifySubscriberRequest', body));
    notified?.write(frame('NotifySubscriberRequest', `{"requestId":"2","serviceInfo":${info('{}')}}`));
    await vi.waitUntil(() => said.filter((type) => type === 'NotifySubscriberResponse').length === 2);
    expect(notify).toHaveBeenCalledTimes(2);
    const service = { namespace: '', group: 'G', service: 'web' };
    expect(notify).toHaveBeenLastCalledWith(service, JSON.parse(hosts('{}')));
    await expect(connection.subscribe(service, true, new AbortController().signal)).rejects.toMatchObject({
      code: 'registry_bad_answer',
      message: expect.stringContaining('nested deeper'),
    });
    expect(connection.life.aborted).toBe(false);
  } finally {
    connection.close();
  }
});

test('a pushed frame that is too large ends the connection', async () => {
  const before = notified;
  const notify = vi.fn();
  const target = {
    address: `127.0.0.1:${port}`,
    namespace: '',
    timeout: 5_000,
    maxAnswer: 65_536,
    identity: async () => ({}),
    notify,
  };
  const connection = await PushConnection.open(target, new AbortController().signal);
  await vi.waitUntil(() => notified !== before);
  const info = JSON.stringify({ name: 'web', groupName: 'G', hosts: ['x'.repeat(65_536)] });
  notified?.write(frame('NotifySubscriberRequest', `{"serviceInfo":${info}}`));
  await vi.waitUntil(() => connection.life.aborted);
  expect(notify).not.toHaveBeenCalled();
  await expect(connection.check()).rejects.toMatchObject({
    message: expect.stringContaining('larger than max'),
  });
});
