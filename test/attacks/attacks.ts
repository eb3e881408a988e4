import { readFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Variant } from '../conformance/variant.js';
import { encodeRequest, type Sent } from '../conformance/wire.js';
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

/**
 * Goes on until `signal` is aborted.
 * @param outcome is given what tells what has come of it so far
 */
export type Attack = (
  target: Target,
  signal: AbortSignal,
  outcome: (tell: () => string) => void,
) => Promise<void>;

const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const GIGABYTE = 2 ** 30;
const MANY = 10_000;
const MILLION = 1_000_000;

/** Where the port speaks TLS and asks for certificates. */
export const WRONG = 'TLS: certificates of another authority';
export const EXPIRED = 'TLS: an expired certificate';
export const PLAIN = 'TLS: 10,000 connections without a handshake';

const SLOW = '100 streams that do not read, with a limit of 256 KiB for 2 s';
/** Enough that a proxy that does not read leaves more than that unread. */
const LARGE = Object.fromEntries(
  Array.from({ length: 2_000 }, (_, service) => [
    `large-${service}`,
    Array.from({ length: 20 }, (_, n) => ({ host: '127.0.0.1', port: 1_000 + n })),
  ]),
);

/** What the server is configured with beside the rest; `services` stand in a file. */
export interface Setting {
  readonly limits?: Readonly<Record<string, number | string>>;
  readonly services?: Readonly<Record<string, unknown>>;
}

export const SETTINGS: Readonly<Record<string, Setting>> = {
  [SLOW]: { limits: { queued_bytes: 256 * 1024, queued_time: '2s' }, services: LARGE },
};

/** By what the table calls them. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  '10,000 connections that send nothing': silence,
  'a message of 1 GB': gigabyte,
  'a header bomb': headerBomb,
  'HTTP/2 rapid reset': rapidReset,
  'a million subscriptions on a stream (delta)': million('delta'),
  'a million subscriptions on a stream (SotW)': million('sotw'),
  '100,000 other names ten times a second (delta)': manyNames('delta'),
  '100,000 other names ten times a second (SotW)': manyNames('sotw'),
  [SLOW]: slowReaders,
  'admin API from another origin': otherOrigin,
  [WRONG]: shows,
  [EXPIRED]: shows,
  [PLAIN]: silence,
};

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

async function silence(...[{ xdsPort }, signal, outcome]: Parameters<Attack>): Promise<void> {
  const sockets: Socket[] = [];
  let closed = 0;
  let refused = 0;
  outcome(
    () => `${sockets.length} connections: ${closed} closed by the server meanwhile, ${refused} refused`,
  );
  for (let n = 0; n < MANY && !signal.aborted; n += 1) {
    const socket = connectTcp(xdsPort, '127.0.0.1');
    let connected = false;
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('error', () => undefined);
    // The end is only seen by who reads.
    socket.resume();
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
}

const GRPC = { 'content-type': 'application/grpc', te: 'trailers', ':method': 'POST' };

async function gigabyte(...[{ xdsPort }, signal, tell]: Parameters<Attack>): Promise<void> {
  const outcomes = new Map<string, number>();
  let most = 0;
  tell(() => `${counted(outcomes)}; at most ${(most / 2 ** 20).toFixed(0)} MB were sent of one`);
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
}

async function headerBomb(...[{ xdsPort }, signal, tell]: Parameters<Attack>): Promise<void> {
  const outcomes = new Map<string, number>();
  tell(() => `1 MB of headers, over and over: ${counted(outcomes)}`);
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
}

async function rapidReset(...[{ xdsPort }, signal, tell]: Parameters<Attack>): Promise<void> {
  let streams = 0;
  let sessions = 0;
  tell(() => `${streams} streams opened and reset at once, over ${sessions} connections`);
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
}

/** A stream that asks for what is not there. */
class Asker {
  responses = 0;
  /** Its status, once it has ended. */
  ended = '';
  readonly #client;
  readonly #stream: WireStream;

  constructor(
    private readonly protocol: Variant['protocol'],
    xdsPort: number,
  ) {
    this.#client = connect(`127.0.0.1:${xdsPort}`, { 'grpc.max_receive_message_length': -1 });
    const verb = protocol === 'sotw' ? 'Stream' : 'Delta';
    this.#stream = new WireStream(this.#client, `${ADS}/${verb}AggregatedResources`, protocol, () => {
      this.responses += 1;
    });
    void this.#stream.ended.then(({ code, details }) => {
      this.ended = `${statusName(code)} ${details}`;
    });
  }

  /** @param all what SotW repeats with each request; delta says what is new, and what it lets go of */
  ask(all: readonly string[], subscribe: readonly string[], unsubscribe: readonly string[]): void {
    const common = { typeUrl: TYPE_URL.endpoints, node: { id: 'attacker', cluster: 'attack' } };
    if (this.protocol === 'sotw') this.#stream.send({ ...common, names: all });
    else this.#stream.send({ ...common, subscribe, unsubscribe });
  }

  cut(): void {
    this.#stream.cut();
    this.#client.close();
  }
}

const names = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `no-such-service-${from + n}`);

function million(protocol: Variant['protocol']): Attack {
  return async ({ xdsPort }, signal, tell) => {
    const asker = new Asker(protocol, xdsPort);
    let sent = 0;
    tell(() => {
      const end = asker.ended === '' ? 'stayed open' : `was ended: ${asker.ended}`;
      return `${sent} names were asked for, ${asker.responses} responses came; the stream ${end}`;
    });
    const part = MILLION / 10;
    while (sent < MILLION && asker.ended === '' && !signal.aborted) {
      asker.ask(names(0, sent + part), names(sent, sent + part), []);
      sent += part;
      await setTimeout(100);
    }
    await aborted(signal);
    asker.cut();
  };
}

function manyNames(protocol: Variant['protocol']): Attack {
  return async ({ xdsPort }, signal, tell) => {
    const asker = new Asker(protocol, xdsPort);
    let sent = 0;
    tell(() => {
      const end = asker.ended === '' ? 'stayed open' : `was ended: ${asker.ended}`;
      return `${sent} requests were sent, ${asker.responses} responses came; the stream ${end}`;
    });
    // As many as a request may have; delta names those that it lets go of too.
    const size = protocol === 'sotw' ? 100_000 : 50_000;
    while (asker.ended === '' && !signal.aborted) {
      const asked = names(sent * size, (sent + 1) * size);
      asker.ask(asked, asked, sent === 0 ? [] : names((sent - 1) * size, sent * size));
      sent += 1;
      await setTimeout(100);
    }
    await aborted(signal);
    asker.cut();
  };
}

async function slowReaders(...[{ xdsPort }, signal, tell]: Parameters<Attack>): Promise<void> {
  let cut = 0;
  // Of HTTP/2, since a client of gRPC would read some messages ahead.
  const sessions = Array.from({ length: 100 }, (_, n) => {
    const session = connectHttp2(`http://127.0.0.1:${xdsPort}`);
    session.on('error', () => undefined);
    session.on('close', () => {
      if (!signal.aborted) cut += 1;
    });
    const call = session.request({ ...GRPC, ':path': `${ADS}/StreamAggregatedResources` });
    call.on('error', () => undefined);
    call.pause();
    const node = { id: `slow-${n}`, cluster: 'attack' };
    call.write(framed({ typeUrl: TYPE_URL.cluster, node }));
    call.write(framed({ typeUrl: TYPE_URL.endpoints, names: Object.keys(LARGE) }));
    return session;
  });
  tell(() => `${sessions.length} streams, ${cut} cut off by the server meanwhile`);
  await aborted(signal);
  for (const session of sessions) session.destroy();
}

/** A SotW request as gRPC puts it on the wire. */
function framed(request: Sent): Buffer {
  const body = encodeRequest('sotw', request);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** Comes with a certificate, over and over. */
async function shows(...[{ xdsPort, certificate }, signal, tell]: Parameters<Attack>): Promise<void> {
  if (certificate === undefined) throw new Error('there is no certificate to show');
  const [cert, key] = [readFileSync(certificate.cert), readFileSync(certificate.key)];
  const outcomes = new Map<string, number>();
  tell(() => counted(outcomes));
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
}

async function otherOrigin(...[{ admin }, signal, tell]: Parameters<Attack>): Promise<void> {
  const outcomes = new Set<string>();
  tell(() => [...outcomes].join('; '));
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
      outcomes.add(`${method} ${path} ${statusCode}, ${readable} there`);
    }
    await setTimeout(5);
  }
}

function counted(outcomes: ReadonlyMap<string, number>): string {
  return [...outcomes].map(([outcome, count]) => `${count} × ${outcome}`).join(', ');
}
