import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client, credentials, type ServiceDefinition, type StatusObject, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GrpcServer } from '../../../src/base/grpc/grpc-server.js';
import { eventually } from '../../peers/eventually.js';
import { RawCall, rawSession } from '../../support/raw-call.js';

const PATIENCE = 10_000;
const MESSAGE_BYTES = 8 * 2 ** 20;
/** For how long a connection has to rest, milliseconds. */
let worked: () => number;
const METER = {
  called: () => true,
  hold: () => undefined,
  release: () => undefined,
  worked: () => worked(),
  queued: () => undefined,
  written: () => undefined,
};
const asIs = (bytes: Buffer) => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  ...{ path: `/test.Service/${name}`, requestStream, responseStream },
  ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
});
const SERVICE: ServiceDefinition = {
  Echo: method('Echo', false, false),
  Count: method('Count', false, true),
  Talk: method('Talk', true, true),
};

let server: GrpcServer;
let listener: Server;
let port: number;
let client: Client;
let failures: unknown[];
let events: string[];

beforeEach(async () => {
  failures = [];
  worked = () => 0;
  events = [];
  server = new GrpcServer({
    calls: 100,
    headerBytes: 16_384,
    messageBytes: MESSAGE_BYTES,
    messageTime: 5_000,
    sessionBytes: 10_000_000,
    handshakeTime: 5_000,
    idleTime: 60_000,
    keepalive: { time: 60_000, timeout: 5_000 },
    refused: () => undefined,
    failed: (error) => failures.push(error),
  });
  listener = createServer((socket) => server.serve(socket, `x:${socket.remotePort}`, METER));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterEach(() => {
  client.close();
  listener.close();
  server.destroy();
});

interface Talk {
  on(event: 'data', listener: (message: Buffer) => void): void;
  on(event: 'end' | 'cancelled' | 'error', listener: () => void): void;
  write(message: Buffer, written?: () => void): void;
  pause(): void;
  resume(): void;
  end(): void;
}

function talk() {
  const call = client.makeBidiStreamRequest('/test.Service/Talk', asIs, asIs);
  const got: string[] = [];
  let ended: StatusObject | undefined;
  call.on('data', (message: Buffer) => got.push(String(message)));
  call.on('error', () => undefined);
  call.on('status', (given: StatusObject) => {
    ended = given;
  });
  return {
    call,
    got,
    end: async () => await eventually(() => ended ?? Promise.reject(new Error('it goes on'))),
  };
}

test('one question and one answer, or its error', async () => {
  server.addService(SERVICE, {
    Echo: (
      { request }: { request: Buffer },
      answer: (error: Partial<StatusObject> | null, value?: Buffer) => void,
    ) => {
      if (request.length > 0) answer(null, request);
      else answer({ code: status.NOT_FOUND, details: 'nothing' });
    },
  });
  const ask = async (text: string) =>
    await new Promise((resolve) => {
      client.makeUnaryRequest('/test.Service/Echo', asIs, asIs, Buffer.from(text), (error, value) =>
        resolve(error === null ? String(value) : [error.code, error.details]),
      );
    });
  expect(await ask('hello')).toBe('hello');
  expect(await ask('x'.repeat(500_000))).toHaveLength(500_000);
  expect(await ask('')).toEqual([status.NOT_FOUND, 'nothing']);
});

test('a method of one message takes neither none nor two', async () => {
  server.addService(SERVICE, { Echo: () => events.push('called') });
  const session = rawSession(port);
  const [none, two] = [
    new RawCall(session, '/test.Service/Echo'),
    new RawCall(session, '/test.Service/Echo'),
  ];
  none.stream.end();
  two.send(Buffer.from('one'));
  two.send(Buffer.from('two'));
  expect([(await none.ended).status, (await two.ended).status]).toEqual([
    status.INVALID_ARGUMENT,
    status.INVALID_ARGUMENT,
  ]);
  expect(events).toEqual([]);
  session.destroy();
});

test('one question and many answers, until the client has had enough', async () => {
  server.addService(SERVICE, {
    Count: (call: Talk) => {
      for (const number of ['1', '2', '3']) call.write(Buffer.from(number));
      call.on('cancelled', () => events.push('cancelled'));
    },
  });
  const call = client.makeServerStreamRequest('/test.Service/Count', asIs, asIs, Buffer.alloc(0));
  const got: string[] = [];
  call.on('error', () => undefined);
  call.on('data', (message: Buffer) => {
    got.push(String(message));
    if (got.length === 3) call.cancel();
  });
  await eventually(() => expect(events).toEqual(['cancelled']), PATIENCE);
  expect(got).toEqual(['1', '2', '3']);
});

test('messages come in their order, and not while they are not wanted', async () => {
  const got: string[] = [];
  let call: Talk | undefined;
  server.addService(SERVICE, {
    Talk: (opened: Talk) => {
      call = opened;
      opened.on('data', (message) => {
        got.push(String(message));
        opened.pause();
        opened.write(message);
      });
      opened.on('end', () => {
        got.push('end');
        opened.end();
      });
    },
  });
  const { call: asking, got: answers, end } = talk();
  for (const text of ['a', 'b', 'c']) asking.write(Buffer.from(text));
  asking.end();
  for (const text of ['a', 'b', 'c']) {
    await eventually(() => expect(got.at(-1)).toBe(text), PATIENCE);
    call?.resume();
  }
  expect((await end()).code).toBe(status.OK);
  expect(got).toEqual(['a', 'b', 'c', 'end']);
  expect(answers).toEqual(['a', 'b', 'c']);
});

test('a handler that throws costs its call alone', async () => {
  server.addService(SERVICE, {
    Talk: (call: Talk) => {
      call.on('error', () => events.push('told'));
      call.on('data', (message) => {
        if (String(message) === 'throw') throw new Error('of no concern to clients');
        call.write(message);
      });
    },
    Echo: () => {
      throw new Error('at once');
    },
  });
  const [good, bad] = [talk(), talk()];
  bad.call.write(Buffer.from('throw'));
  expect(await bad.end()).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
  const echo = await new Promise((resolve) => {
    client.makeUnaryRequest('/test.Service/Echo', asIs, asIs, Buffer.alloc(1), resolve);
  });
  expect(echo).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
  good.call.write(Buffer.from('on'));
  await eventually(() => expect(good.got).toEqual(['on']), PATIENCE);
  expect(events).toEqual(['told']);
  expect(failures.map(String)).toEqual(['Error: of no concern to clients', 'Error: at once']);
});

test('it closes when the calls that are open have ended, and takes no new ones', async () => {
  server.addService(SERVICE, {
    Talk: (call: Talk) =>
      call.on('data', (message) => (String(message) === 'bye' ? call.end() : call.write(message))),
  });
  const before = talk();
  before.call.write(Buffer.from('hello'));
  await eventually(() => expect(before.got).toEqual(['hello']), PATIENCE);
  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
  });
  const late = talk();
  late.call.write(Buffer.from('too late'));
  expect((await late.end()).code).toBe(status.UNAVAILABLE);
  expect(closed).toBe(false);
  before.call.write(Buffer.from('bye'));
  expect((await before.end()).code).toBe(status.OK);
  await closing;
});

test('a path has one handler', () => {
  server.addService(SERVICE, {});
  expect(() => server.addService(SERVICE, {})).toThrow('/test.Service/Echo');
});

test('messages of many connections are decompressed one at a time', async () => {
  const got: number[] = [];
  server.addService(SERVICE, {
    Talk: (call: Talk) => call.on('data', (message) => got.push(message.length)),
  });
  const zeros = gzipSync(Buffer.alloc(MESSAGE_BYTES));
  const sessions = Array.from({ length: 4 }, () => rawSession(port));
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 2);
  for (const session of sessions)
    for (let n = 0; n < 25; n += 1)
      new RawCall(session, '/test.Service/Talk', { 'grpc-encoding': 'gzip' }).send(zeros, true);
  await eventually(() => expect(got).toHaveLength(100), PATIENCE);
  clearInterval(watch);
  for (const session of sessions) session.destroy();
  expect(new Set(got)).toEqual(new Set([MESSAGE_BYTES]));
  expect((most - before) / 2 ** 20).toBeLessThan(200);
});

test('calls of a connection that has worked too much rest, new ones too', async () => {
  let rests = 0;
  worked = () => {
    rests += 1;
    return rests < 5 ? 20 : 0;
  };
  const got: string[] = [];
  server.addService(SERVICE, {
    Talk: (call: Talk) => call.on('data', (message) => got.push(String(message))),
  });
  const session = rawSession(port);
  const began = performance.now();
  new RawCall(session, '/test.Service/Talk').send(Buffer.from('late'));
  await eventually(() => expect(got).toEqual(['late']), PATIENCE);
  expect(performance.now() - began).toBeGreaterThan(60);
  session.destroy();
});
