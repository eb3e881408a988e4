import { readFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Variant } from '../conformance/variant.js';
import { statusName, WireStream } from '../conformance/wire-stream.js';
import type { KeyPair } from '../peers/certificates.js';
import { connect } from '../support/ads-client.js';

/** Who is attacked. */
export interface Target {
  readonly xdsPort: number;
  /** `http://host:port` */
  readonly admin: string;
  /** What the attacker shows where the port speaks TLS: paths of PEM files. */
  readonly certificate?: KeyPair | undefined;
}

/** Goes on until `signal` is aborted, and says what came of it. */
export type Attack = (target: Target, signal: AbortSignal) => Promise<string>;

const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const GIGABYTE = 2 ** 30;
const MANY = 10_000;
const MILLION = 1_000_000;

/** Where the port speaks TLS and asks for certificates. */
export const WRONG = 'TLS: certificates of another authority';
export const EXPIRED = 'TLS: an expired certificate';
export const PLAIN = 'TLS: 10,000 connections without a handshake';

/** By what the table calls them. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  '10,000 connections that send nothing': silence,
  'a message of 1 GB': gigabyte,
  'a header bomb': headerBomb,
  'HTTP/2 rapid reset': rapidReset,
  'a million subscriptions on a stream (delta)': async (target, signal) =>
    await million('delta', target, signal),
  'a million subscriptions on a stream (SotW)': async (target, signal) =>
    await million('sotw', target, signal),
  '300 streams that do not read': slowReaders,
  'admin API from another origin': otherOrigin,
  [WRONG]: shows,
  [EXPIRED]: shows,
  [PLAIN]: silence,
};

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

async function silence({ xdsPort }: Target, signal: AbortSignal): Promise<string> {
  const sockets: Socket[] = [];
  let closed = 0;
  let refused = 0;
  for (let n = 0; n < MANY && !signal.aborted; n += 1) {
    const socket = connectTcp(xdsPort, '127.0.0.1');
    let connected = false;
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (signal.aborted) return;
      if (connected) closed += 1;
      else refused += 1;
    });
    sockets.push(socket);
    if (n % 100 === 99) await setTimeout(10);
  }
  await aborted(signal);
  for (const socket of sockets) socket.destroy();
  return `${sockets.length} connections: ${closed} closed by the server meanwhile, ${refused} refused`;
}

const GRPC = { 'content-type': 'application/grpc', te: 'trailers', ':method': 'POST' };

async function gigabyte({ xdsPort }: Target, signal: AbortSignal): Promise<string> {
  const outcomes = new Map<string, number>();
  let most = 0;
  while (!signal.aborted) {
    const session = connectHttp2(`http://127.0.0.1:${xdsPort}`);
    session.on('error', () => undefined);
    const call = session.request({ ...GRPC, ':path': `${ADS}/DeltaAggregatedResources` });
    let outcome = 'no answer';
    let open = true;
    const status = (headers: Readonly<Record<string, unknown>>) => {
      const code = headers['grpc-status'];
      if (code === undefined) return;
      outcome = `${statusName(Number(code))} ${decodeURIComponent(String(headers['grpc-message'] ?? ''))}`;
      open = false;
    };
    call.on('response', status).on('trailers', status);
    call.on('error', (error) => {
      if (outcome === 'no answer') outcome = error.message;
    });
    call.on('close', () => {
      open = false;
    });
    call.resume();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(GIGABYTE, 1);
    call.write(head);
    const part = Buffer.alloc(256 * 1024, 1);
    let sent = 0;
    while (open && sent < GIGABYTE && !signal.aborted) {
      sent += part.length;
      if (!call.write(part))
        await Promise.race([new Promise((done) => call.once('drain', done)), setTimeout(500)]);
    }
    most = Math.max(most, sent);
    await setTimeout(50);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    session.destroy();
  }
  return `${counted(outcomes)}; at most ${(most / 2 ** 20).toFixed(0)} MB were sent of one`;
}

async function headerBomb({ xdsPort }: Target, signal: AbortSignal): Promise<string> {
  const outcomes = new Map<string, number>();
  const headers = Object.fromEntries(
    Array.from({ length: 250 }, (_, n) => [`x-bomb-${n}`, 'b'.repeat(4_000)]),
  );
  while (!signal.aborted) {
    const session = connectHttp2(`http://127.0.0.1:${xdsPort}`, { maxSendHeaderBlockLength: 64 * 2 ** 20 });
    const outcome = await new Promise<string>((done) => {
      session.on('error', (error) => done(error.message));
      session.on('goaway', (code) => done(`GOAWAY ${code}`));
      const call = session.request({ ...GRPC, ':path': `${ADS}/DeltaAggregatedResources`, ...headers });
      call.on('error', (error) => done(error.message));
      call.on('response', (answer) =>
        done(`status ${answer[':status']}, grpc-status ${answer['grpc-status'] ?? '-'}`),
      );
      call.on('close', () => done('closed'));
      void setTimeout(2_000).then(() => done('no answer'));
    });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    session.destroy();
  }
  return `1 MB of headers, over and over: ${counted(outcomes)}`;
}

async function rapidReset({ xdsPort }: Target, signal: AbortSignal): Promise<string> {
  let streams = 0;
  let sessions = 0;
  while (!signal.aborted) {
    const session = connectHttp2(`http://127.0.0.1:${xdsPort}`);
    let open = true;
    session.on('error', () => undefined);
    session.on('close', () => {
      open = false;
    });
    session.on('goaway', () => {
      open = false;
    });
    sessions += 1;
    while (open && !signal.aborted) {
      for (let n = 0; n < 50 && open; n += 1) {
        try {
          const call = session.request({ ...GRPC, ':path': `${ADS}/DeltaAggregatedResources` });
          call.on('error', () => undefined);
          call.close(constants.NGHTTP2_CANCEL);
          streams += 1;
        } catch {
          open = false;
        }
      }
      await setTimeout(1);
    }
    session.destroy();
  }
  return `${streams} streams opened and reset at once, over ${sessions} connections`;
}

async function million(
  protocol: Variant['protocol'],
  { xdsPort }: Target,
  signal: AbortSignal,
): Promise<string> {
  const client = connect(`127.0.0.1:${xdsPort}`, { 'grpc.max_receive_message_length': -1 });
  const verb = protocol === 'sotw' ? 'Stream' : 'Delta';
  let responses = 0;
  let ended = '';
  const stream = new WireStream(client, `${ADS}/${verb}AggregatedResources`, protocol, () => {
    responses += 1;
  });
  void stream.ended.then(({ code, details }) => {
    ended = `${statusName(code)} ${details}`;
  });
  const names = Array.from({ length: MILLION }, (_, n) => `no-such-service-${n}`);
  const common = { typeUrl: TYPE_URL.endpoints, node: { id: 'attacker', cluster: 'attack' } };
  let sent = 0;
  const part = MILLION / 10;
  for (let n = 1; n <= 10 && ended === '' && !signal.aborted; n += 1) {
    sent = n * part;
    if (protocol === 'sotw') stream.send({ ...common, names: names.slice(0, sent) });
    else stream.send({ ...common, subscribe: names.slice(sent - part, sent) });
    await setTimeout(100);
  }
  await aborted(signal);
  const said = `${sent} names were sent, ${responses} responses came`;
  const open = ended === '';
  stream.cut();
  client.close();
  return `${said}; the stream ${open ? 'stayed open' : `was ended: ${ended}`}`;
}

async function slowReaders({ xdsPort }: Target, signal: AbortSignal): Promise<string> {
  const clients = Array.from({ length: 300 }, () =>
    connect(`127.0.0.1:${xdsPort}`, { 'grpc.use_local_subchannel_pool': 1 }),
  );
  let ended = 0;
  const streams = clients.map((client, n) => {
    const stream = new WireStream(client, `${ADS}/StreamAggregatedResources`, 'sotw', () => undefined);
    void stream.ended.then(() => {
      if (!signal.aborted) ended += 1;
    });
    stream.pause();
    stream.send({ typeUrl: TYPE_URL.cluster, node: { id: `slow-${n}`, cluster: 'attack' } });
    stream.send({ typeUrl: TYPE_URL.endpoints, names: Array.from({ length: 50 }, (_, s) => `service-${s}`) });
    return stream;
  });
  await aborted(signal);
  for (const stream of streams) stream.cut();
  for (const client of clients) client.close();
  return `${streams.length} streams, ${ended} cut off by the server meanwhile`;
}

/** Comes with a certificate, over and over. */
async function shows({ xdsPort, certificate }: Target, signal: AbortSignal): Promise<string> {
  if (certificate === undefined) throw new Error('there is no certificate to show');
  const [cert, key] = [readFileSync(certificate.cert), readFileSync(certificate.key)];
  const outcomes = new Map<string, number>();
  const attempt = async () => {
    while (!signal.aborted) {
      const session = connectHttp2(`https://127.0.0.1:${xdsPort}`, { cert, key, rejectUnauthorized: false });
      const outcome = await new Promise<string>((done) => {
        session.on('error', (error) => done('code' in error ? String(error.code) : error.message));
        session.on('close', () => done('closed'));
        const call = session.request({ ...GRPC, ':path': `${ADS}/DeltaAggregatedResources` });
        call.on('error', () => undefined);
        call.on('response', ({ ':status': status }) => done(`**answered with ${status}**`));
        void setTimeout(2_000).then(() => done('no answer'));
      });
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      session.destroy();
    }
  };
  await Promise.all(Array.from({ length: 10 }, attempt));
  return counted(outcomes);
}

async function otherOrigin({ admin }: Target, signal: AbortSignal): Promise<string> {
  const outcomes = new Map<string, number>();
  const evil = { origin: 'http://evil.example', host: 'evil.example', 'sec-fetch-site': 'cross-site' };
  while (!signal.aborted) {
    for (const [method, path] of [
      ['GET', '/services'],
      ['POST', '/release/etcd'],
      ['POST', '/unpin'],
    ] as const) {
      const { statusCode, headers, body } = await request(`${admin}${path}`, { method, headers: evil });
      await body.dump();
      const readable = headers['access-control-allow-origin'] === undefined ? 'not readable' : '**readable**';
      const outcome = `${method} ${path} ${statusCode}, ${readable} there`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    await setTimeout(5);
  }
  return [...outcomes.keys()].join('; ');
}

function counted(outcomes: ReadonlyMap<string, number>): string {
  return [...outcomes].map(([outcome, count]) => `${count} × ${outcome}`).join(', ');
}
