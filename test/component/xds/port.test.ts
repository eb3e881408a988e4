import { type ClientHttp2Session, constants } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Admission } from '../../../src/access/admission.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { DEFAULT_LIMITS, type Limits } from '../../../src/xds/limits.js';
import { LoadReporting } from '../../../src/xds/load-reports/service.js';
import type { XdsServerOptions } from '../../../src/xds/server.js';
import { eventually } from '../../peers/eventually.js';
import { serialize } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';
import { frame, RawCall, type RawEnd, rawSession } from '../../support/raw-call.js';
import { aResource } from '../../support/resources.js';

const PATIENCE = 15_000;
const MIB = 1024 * 1024;
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const CSDS = '/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus';
const LOAD = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';
const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

const request = serialize('envoy.service.discovery.v3.DiscoveryRequest');
const hello = request({ node: { id: 'raw' }, type_url: TYPE_URL.cluster });
const report = serialize('envoy.service.load_stats.v3.LoadStatsRequest')({ node: { id: 'raw' } });

let plane: ControlPlane;
let sessions: ClientHttp2Session[];
let log: string[];

beforeEach(() => {
  sessions = [];
  log = [];
});
afterEach(async () => {
  for (const session of sessions) session.destroy();
  await plane.server.stop();
});

async function start(limits: Partial<Limits> = {}, options: Partial<XdsServerOptions> = {}): Promise<void> {
  const logger = pino({ level: 'warn' }, { write: (line: string) => log.push(line) });
  plane = await ControlPlane.start({ limits: { ...DEFAULT_LIMITS, ...limits }, logger, ...options });
  plane.publish(aResource('web', '0'));
}

function session(): ClientHttp2Session {
  const made = rawSession(plane.port);
  sessions.push(made);
  return made;
}

function loadReporting(): LoadReporting {
  return new LoadReporting({ interval: 50, endpoints: false }, () => undefined, pino({ level: 'silent' }));
}

/** A call with its first message, when something has come of it. */
async function open(on: ClientHttp2Session, path: string, body: Uint8Array): Promise<RawCall> {
  const call = new RawCall(on, path);
  if (path === WATCH) call.stream.end(frame(body));
  else call.send(body);
  await eventually(() => expect(call.answers + (call.end ? 1 : 0)).toBeGreaterThan(0), PATIENCE);
  return call;
}

async function endOf(call: RawCall): Promise<RawEnd> {
  return await eventually(() => {
    if (call.end === undefined) throw new Error('it goes on');
    return call.end;
  }, PATIENCE);
}

test.each([
  ['of a method that there is not', '/no.such.Service/Method', {}],
  ['without a content type of gRPC', ADS, { 'content-type': 'text/plain' }],
  ['whose headers are too large', CHECK, { 'x-much': 'x'.repeat(20_000) }],
  ['of a client that is not known', ADS, {}],
])('more than 1,000 new calls %s: the connection is closed', async (_which, path, headers) => {
  await start({}, { admission: new Admission({ allow: [], groups: {} }) });
  const other = new RawCall(session(), '/another/Call');
  await other.ended;
  const attacker = session();
  const calls: Promise<RawEnd>[] = [];
  while (calls.length < 1_500) {
    for (let parallel = 0; parallel < 50 && !attacker.destroyed; parallel += 1) {
      const call = new RawCall(attacker, path, headers);
      call.stream.end();
      calls.push(call.ended);
    }
    if (attacker.destroyed) break;
    await Promise.all(calls.slice(-50));
  }
  const answered = (await Promise.all(calls)).filter(({ http }) => http !== undefined);
  await eventually(() => expect(attacker.destroyed).toBe(true), PATIENCE);
  expect(answered.length).toBeGreaterThanOrEqual(900);
  // What flows in while they are made.
  expect(answered.length).toBeLessThan(1_400);
  expect(log.join('')).toContain('too many new calls on a connection');
  // Others are served on, and so is who comes again.
  const check = new RawCall(session(), CHECK);
  check.stream.end(frame(new Uint8Array()));
  expect(await check.ended).toMatchObject({ status: status.OK });
});

test('10,000 health watches on a connection: 100 at a time, and of a client no more than its streams', async () => {
  await start({ streams_per_client: 120 });
  const one = session();
  const watches = Array.from({ length: 10_000 }, () => {
    const call = new RawCall(one, WATCH);
    call.stream.end(frame(new Uint8Array()));
    return call;
  });
  const served = () => watches.filter(({ answers }) => answers > 0).length;
  await eventually(() => expect(served()).toBe(100), PATIENCE);
  const other = session();
  const more = Array.from({ length: 30 }, () => {
    const call = new RawCall(other, WATCH);
    call.stream.end(frame(new Uint8Array()));
    return call;
  });
  await eventually(() => expect(more.filter(({ answers }) => answers > 0)).toHaveLength(20), PATIENCE);
  const refused = await Promise.all(more.filter(({ answers }) => answers === 0).map(endOf));
  expect(new Set(refused.map((end) => end.status))).toEqual(new Set([status.RESOURCE_EXHAUSTED]));
  expect(served()).toBe(100);
  // A watch that is given up makes room.
  one.destroy();
  await eventually(async () => {
    const again = new RawCall(other, WATCH);
    again.stream.end(frame(new Uint8Array()));
    await eventually(() => expect(again.answers).toBe(1), 500);
  }, PATIENCE);
});

test.each([
  ['load reports', LOAD, report],
  ['client status', CSDS, new Uint8Array()],
  ['reflection', REFLECTION, Uint8Array.of(0x3a, 1, 0x2a)],
  ['health', WATCH, new Uint8Array()],
])('streams of %s count as streams', async (_service, path, body) => {
  await start({ streams_per_client: 2 }, { loadReporting: loadReporting(), reflection: true });
  const one = session();
  const streams = [await open(one, ADS, hello), await open(one, path, body)];
  expect(streams.map(({ end }) => end)).toEqual([undefined, undefined]);
  const third = await open(one, path, body);
  expect(await endOf(third)).toMatchObject({ status: status.RESOURCE_EXHAUSTED });
  streams[1]?.cut();
  await eventually(async () => expect((await open(one, path, body)).end).toBeUndefined(), PATIENCE);
});

test.each([
  ['load reports', LOAD, report],
  ['client status', CSDS, new Uint8Array()],
  ['reflection', REFLECTION, Uint8Array.of(0x3a, 1, 0x2a)],
])(
  'a stream of %s on which nothing comes is ended, one that is used is not',
  async (_service, path, body) => {
    await start({ idle_timeout: 400 }, { loadReporting: loadReporting(), reflection: true });
    const one = session();
    const [silent, used] = [await open(one, path, body), await open(one, path, body)];
    const beats = setInterval(() => used.send(body), 50);
    try {
      expect(await endOf(silent)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
      expect(used.end).toBeUndefined();
    } finally {
      clearInterval(beats);
    }
    expect(await endOf(used)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
  },
);

test('a health watch and a discovery stream may be silent', async () => {
  await start({ idle_timeout: 300 });
  const one = session();
  const calls = [await open(one, WATCH, new Uint8Array()), await open(one, ADS, hello)];
  const idle = new RawCall(session(), ADS);
  expect(await endOf(idle)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
  expect(calls.map(({ end }) => end)).toEqual([undefined, undefined]);
});

test('messages that do not come in full: what a connection, and all of them, may hold', async () => {
  await start({ held_bytes_per_connection: 8 * MIB, held_bytes: 20 * MIB });
  const piece = Buffer.alloc(MIB);
  const half = async (on: ClientHttp2Session) => {
    const call = new RawCall(on, ADS);
    call.stream.write(frame(piece, 4 * MIB));
    for (let sent = 1; sent < 3; sent += 1) call.stream.write(piece);
    return call;
  };
  // A call may be told at once, or after it has sent more: the first to find no room is refused.
  const own = session();
  const calls = await Promise.all(Array.from({ length: 5 }, () => half(own)));
  const ended = () => calls.filter(({ end }) => end !== undefined);
  await eventually(() => expect(ended()).toHaveLength(3), PATIENCE);
  for (const { end } of ended())
    expect(end).toMatchObject({
      status: status.RESOURCE_EXHAUSTED,
      message: expect.stringContaining('calls of a connection'),
    });
  const others = await Promise.all(Array.from({ length: 8 }, () => half(session())));
  await eventually(() => expect(others.filter(({ end }) => end !== undefined)).not.toEqual([]), PATIENCE);
  for (const { end } of others)
    if (end !== undefined)
      expect(end).toMatchObject({ message: expect.stringContaining('calls of all clients') });
  // The usual goes on.
  const usual = request({ node: { id: 'n', cluster: 'x'.repeat(1_000) }, type_url: TYPE_URL.cluster });
  expect((await open(session(), ADS, usual)).end).toBeUndefined();
  // Who goes gives back.
  for (const one of sessions) one.destroy();
  await eventually(() => expect(plane.server.heldBytes).toBe(0), PATIENCE);
});

test('a message that comes drop by drop, and one that never comes, end their calls', async () => {
  await start({ queued_time: 300 });
  const one = session();
  const dripping = new RawCall(one, ADS);
  const drops = setInterval(() => dripping.stream.write(Buffer.alloc(1)), 20);
  dripping.stream.write(frame(new Uint8Array(), 1_000));
  try {
    expect(await endOf(dripping)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
  } finally {
    clearInterval(drops);
  }
  const never = new RawCall(one, CHECK);
  expect(await endOf(never)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
  await eventually(() => expect(plane.server.heldBytes).toBe(0), PATIENCE);
});

test('nothing of what a client sends stands in a status text', async () => {
  await start({}, { reflection: true });
  const one = session();
  const mark = 'mark\u00ff';
  const field = (number: number, text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const calls: [string, Uint8Array, Record<string, string>?][] = [
    [`/${mark}/x`, new Uint8Array()],
    [CHECK, field(1, mark)],
    [CHECK, Buffer.from([0xff])],
    [WATCH, Buffer.from([0xff])],
    [ADS, hello, { 'grpc-timeout': mark }],
    [ADS, hello, { 'grpc-encoding': mark }],
    [ADS, field(4, mark)],
    [ADS, Buffer.from([0xff])],
    [CSDS, field(1, mark)],
    [CSDS, Buffer.from([0xff])],
    [REFLECTION, Buffer.from([0xff])],
  ];
  for (const [path, body, headers] of calls) {
    const call = new RawCall(one, path, headers);
    call.stream.end(frame(body, body.length, headers?.['grpc-encoding'] !== undefined));
    const end = await endOf(call);
    expect({ path, message: end.message ?? '' }).toMatchObject({
      message: expect.stringMatching(/^[ -~]*$/),
    });
    expect(decodeURIComponent(end.message ?? '')).not.toMatch(/mark|\u00ff/);
  }
});

test('a status text that no header can carry as it is', async () => {
  const message = 'half a \ud800 pair,\r\nan é and 100 %';
  await start({}, { callbacks: { requestReceived: () => ({ code: status.ABORTED, message }) } });
  const call = new RawCall(session(), ADS);
  call.send(hello);
  const end = await endOf(call);
  expect(end.status).toBe(status.ABORTED);
  expect(decodeURIComponent(end.message ?? '')).toBe('half a \ufffd pair,\r\nan é and 100 %');
});

test('compressed messages are read, of which no more may come than of others', async () => {
  await start({ message_bytes: 100_000 });
  const one = session();
  for (const [encoding, body] of [
    ['gzip', gzipSync(hello)],
    ['deflate', deflateSync(hello)],
  ] as const) {
    const call = new RawCall(one, ADS, { 'grpc-encoding': encoding });
    call.send(body, true);
    await eventually(() => expect(call.answers).toBe(1), PATIENCE);
  }
  const end = async (encoding: string, body: Uint8Array) => {
    const call = new RawCall(one, ADS, { 'grpc-encoding': encoding });
    call.send(body, true);
    return (await endOf(call)).status;
  };
  expect(await end('gzip', gzipSync(Buffer.alloc(100_001)))).toBe(status.RESOURCE_EXHAUSTED);
  expect(await end('gzip', Buffer.from('none'))).toBe(status.RESOURCE_EXHAUSTED);
  expect(await end('br', hello)).toBe(status.UNIMPLEMENTED);
});

test('headers far beyond the limit are not read; those a little beyond are told why', async () => {
  await start({ header_bytes: 4_096 });
  const one = session();
  const call = (bytes: number) => new RawCall(one, CHECK, { 'x-much': 'x'.repeat(bytes) });
  expect(await endOf(call(5_000))).toMatchObject({
    status: status.RESOURCE_EXHAUSTED,
    message: expect.stringContaining('4096 bytes'),
  });
  expect(await endOf(call(9_000))).toMatchObject({
    http: undefined,
    reset: constants.NGHTTP2_ENHANCE_YOUR_CALM,
  });
  expect(one.remoteSettings.maxHeaderListSize).toBe(8_192);
  expect(one.remoteSettings.maxConcurrentStreams).toBe(100);
});

test('a client whose time for a call is up is told so', async () => {
  await start();
  const call = new RawCall(session(), ADS, { 'grpc-timeout': '50m' });
  call.send(hello);
  expect(await endOf(call)).toMatchObject({ status: status.DEADLINE_EXCEEDED });
});

test('a connection that never begins HTTP/2 is closed, whatever it says', async () => {
  await start({ handshake_timeout: 300 });
  const socket = connectSocket(plane.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  // The first words, and nothing after them.
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await eventually(() => expect(socket.closed).toBe(true), PATIENCE);
});
