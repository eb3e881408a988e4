import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Attack, Strike } from '../attack.js';
import { aborted, lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { RawConnection } from '../wire/raw-connection.js';
import { secure } from './tls.js';

const MANY = 10_000;

const silence: Strike = async ({ host, xdsPort }, signal, tell) => {
  const sockets: Socket[] = [];
  let closed = 0;
  let refused = 0;
  tell(() => `${sockets.length} connections: ${closed} closed by the server, ${refused} refused`);
  for (let n = 0; n < MANY && !signal.aborted; n += 1) {
    const socket = connect(xdsPort, host);
    let connected = false;
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('error', () => undefined);
    // Only a reader sees the end.
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
};

/** Connects, waits for the first bytes of the server, and goes. */
const churn: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => `connections: ${results}`);
  await lanes(20, signal, async () => {
    const connection = new RawConnection(target);
    await connection.begin();
    await connection.answer();
    results.add(connection.closed ?? 'answered');
    connection.close();
  });
};

const WORDS: readonly (() => Buffer)[] = [
  () => randomBytes(4_096),
  () => Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'),
  () => Buffer.from('1603010200010001fc0303', 'hex'),
  () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x04', 'latin1'),
  () => Buffer.alloc(64 * 1_024),
];

/** What is no HTTP/2. */
const garbage: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => `connections: ${results}`);
  await lanes(20, signal, async (lane) => {
    const connection = new RawConnection(target);
    const words = WORDS[lane % WORDS.length];
    if (words !== undefined) await connection.write(words());
    await connection.end(1_000);
    results.add(connection.closed ?? 'stayed open');
    connection.close();
  });
};

export const CONNECTIONS: readonly Attack[] = [
  { name: '10,000 connections that send nothing', strike: silence },
  { name: 'TLS: 10,000 connections without a handshake', stage: secure, strike: silence },
  { name: 'connections made and closed at full speed', strike: churn },
  { name: 'connections with bytes that are no HTTP/2', strike: garbage },
];
