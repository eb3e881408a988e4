import { connect, type Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { ClientLimits } from '../../../src/admin/client-limits.js';
import { AdminServer, type Patience } from '../../../src/admin/server.js';
import { adminOptions } from '../../../src/config/admin-options.js';
import { eventually } from '../../peers/eventually.js';

const MB = 1024 * 1024;
const ENOUGH = { burst: 1e6, perSecond: 1e6 };
const FREELY = { calls: ENOUGH, time: ENOUGH, unread: 1024 * MB };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Connections that have asked for something large, as the server has them. */
const large: Socket[] = [];

async function start(limits?: ClientLimits, patience?: Patience): Promise<number> {
  const api = new Hono();
  large.length = 0;
  api.get('/large', (c) => {
    large.push((c.env as HttpBindings).incoming.socket);
    return c.text('x'.repeat(20 * MB));
  });
  api.get('/slow', (c) => {
    const until = performance.now() + 100;
    while (performance.now() < until);
    return c.json({});
  });
  api.get('*', (c) => c.json({}));
  const server = await AdminServer.start(
    api,
    adminOptions.parse({ listen: '127.0.0.1:0' }),
    limits,
    patience,
  );
  ends.push(() => server.stop());
  return Number(server.address.split(':').at(-1));
}

interface Client {
  readonly socket: Socket;
  read: number;
  closed: boolean;
}

/** A connection that reads nothing unless told to. */
function open(port: number, text: string): Client {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  const client = { socket, read: 0, closed: false };
  socket.pause();
  socket.on('data', (chunk) => {
    client.read += chunk.length;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    client.closed = true;
  });
  ends.push(() => socket.destroy());
  return client;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const status = async (port: number, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.text();
  return response.status;
};

test('an address has a burst of calls, then the rate; probes are answered on', async () => {
  const port = await start(new ClientLimits({ ...FREELY, calls: { burst: 50, perSecond: 5 } }));
  let allowed = 0;
  let refused: Response | undefined;
  while (refused === undefined && allowed < 500) {
    const response = await fetch(`http://127.0.0.1:${port}/services`);
    if (response.status === 429) refused = response;
    else allowed += Number((await response.text()) === '{}');
  }
  expect(allowed).toBeGreaterThanOrEqual(50);
  expect(refused?.headers.get('retry-after')).toBe('1');
  expect(refused?.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(await refused?.json()).toEqual({ error: expect.stringContaining('too many requests') });
  const probes = Array.from({ length: 20 }, (_, index) => status(port, index % 2 ? '/healthz' : '/readyz'));
  expect(new Set(await Promise.all(probes))).toEqual(new Set([200]));
  await eventually(async () => expect(await status(port, '/services')).toBe(200));
});

test('an address has a part of the time', async () => {
  const port = await start(new ClientLimits({ ...FREELY, time: { burst: 250, perSecond: 5 } }));
  const statuses = [];
  for (let call = 0; call < 5; call += 1) statuses.push(await status(port, '/slow'));
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
});

test('clients that do not read their answers are cut off once these are too large together', async () => {
  const port = await start(new ClientLimits({ ...FREELY, unread: 100 * MB }));
  const greedy = Array.from({ length: 12 }, () => open(port, get('/large')));
  await eventually(() => expect(large).toHaveLength(12));
  expect(await status(port, '/services')).toBe(200);
  const cut = large.filter(({ destroyed }) => destroyed).length;
  expect(cut).toBeGreaterThan(4);
  for (const { socket } of greedy) socket.resume();
  await eventually(() => {
    const whole = greedy.filter(({ read }) => read > 20 * MB).length;
    expect(whole).toBe(12 - cut);
  });
});

test('who reads nothing of an answer is cut off', async () => {
  const patience = { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 50 };
  const port = await start(new ClientLimits(FREELY), { ...patience, silence: 300 });
  open(port, get('/large'));
  await eventually(() => expect(large.map(({ destroyed }) => destroyed)).toEqual([true]));
});

test.each([
  ['nothing', ''],
  ['half of its headers', 'GET / HTTP/1.1\r\nHost: a'],
  ['half of its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'],
])('who sends %s is cut off', async (_what, text) => {
  const port = await start(undefined, {
    ...{ headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 },
    silence: 60_000,
  });
  const client = open(port, text);
  client.socket.resume();
  await eventually(() => expect(client.closed).toBe(true));
});

test('an address has 128 connections', async () => {
  const port = await start();
  const clients = Array.from({ length: 140 }, () => open(port, ''));
  for (const { socket } of clients) socket.resume();
  await eventually(() => expect(clients.filter(({ closed }) => closed)).toHaveLength(12));
  for (const { socket } of clients.slice(0, 20)) socket.destroy();
  await eventually(async () => expect(await status(port, '/services')).toBe(200));
});
