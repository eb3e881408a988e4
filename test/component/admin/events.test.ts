import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { EventFeed, type EventSubject } from '../../../src/admin/event-feed.js';
import { EventStreams } from '../../../src/admin/event-streams.js';
import { startApp } from '../../../src/app/start.js';
import { Secret } from '../../../src/config/secret.js';
import type { HistoryEntry } from '../../../src/snapshot/cache.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { configOf } from '../../support/configuration.js';
import { NOTHING_HELD } from '../../support/release-status.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An event of some 10 KB. */
const EVENT: HistoryEntry = {
  ...{ group: 'default', at: 0, previous: Snapshot.EMPTY },
  snapshot: Snapshot.of(
    Array.from({ length: 20 }, (_, index) =>
      makeResource(TYPE_URL.cluster, `${'x'.repeat(500)}${index}`, Buffer.alloc(0)),
    ),
  ),
};

async function lab(token?: () => Secret) {
  const watchers = new Set<(entry: HistoryEntry) => void>();
  const subject: EventSubject = {
    sources: () => [],
    proxies: async () => [],
    releaseStatus: () => NOTHING_HELD,
    watch: (listener, signal) => {
      watchers.add(listener);
      signal.addEventListener('abort', () => watchers.delete(listener));
    },
  };
  const streams = new EventStreams(
    new EventFeed(subject, (thrown) => {
      throw thrown;
    }),
  );
  const app = new Hono();
  app.get('/events', (c) => streams.answer(c, token ?? (() => undefined)));
  const port = await freePort();
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }) as Server;
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await eventually(() => expect(server.listening).toBe(true));
  const tell = () => {
    for (const watcher of watchers) watcher(EVENT);
  };
  return { port, watchers, tell };
}

async function listen(port: number): Promise<{ readonly socket: Socket; text: string; closed: boolean }> {
  const socket = connect(port, '127.0.0.1');
  const client = { socket, text: '', closed: false };
  socket.on('data', (chunk) => {
    client.text = `${client.text}${chunk}`.slice(-100_000);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    client.closed = true;
  });
  socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer first\r\n\r\n');
  ends.push(() => socket.destroy());
  await eventually(() => expect(client.text).toContain('retry: 2000'));
  return client;
}

test('one that does not read is cut off, the others are told on', async () => {
  const { port, tell } = await lab();
  const quick = await listen(port);
  const slow = await listen(port);
  slow.socket.pause();
  // The buffers of the connection itself take a few megabytes.
  for (let sent = 0; sent < 2_000; sent += 1) {
    tell();
    if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  slow.socket.resume();
  await eventually(() => expect(slow.closed).toBe(true));
  expect(quick.closed).toBe(false);
  quick.text = '';
  tell();
  await eventually(() => expect(quick.text).toContain('event: snapshot'));
});

test('a stream ends when the token is another one', async () => {
  let token = Secret.of('first');
  const { port, watchers, tell } = await lab(() => token);
  const client = await listen(port);
  tell();
  await eventually(() => expect(client.text).toContain('event: snapshot'));
  client.text = '';
  token = Secret.of('second');
  tell();
  await eventually(() => expect(client.closed).toBe(true));
  expect(client.text).not.toContain('event: snapshot');
  expect(watchers.size).toBe(0);
});

test('who goes leaves nothing behind; too many are refused', async () => {
  const { port, watchers } = await lab();
  const clients = await Promise.all(Array.from({ length: 64 }, () => listen(port)));
  expect(watchers.size).toBe(1);
  const refused = await fetch(`http://127.0.0.1:${port}/events`);
  expect(refused.status).toBe(503);
  await refused.text();
  for (const { socket } of clients) socket.destroy();
  await eventually(() => expect(watchers.size).toBe(0));
  const again = await listen(port);
  expect(again.closed).toBe(false);
});

test('beyond loopback it does not start without a token, wherever the address came from', async () => {
  const config = configOf({ xds: { listen: '127.0.0.1:0' }, admin: { listen: '127.0.0.1:0' } });
  const logger = pino({ level: 'silent' });
  const open = { ...config, admin: { listen: { host: '0.0.0.0', port: 0 } } };
  await expect(startApp(open, { logger })).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('admin.token'),
  });
  const app = await startApp({ ...config, admin: { ...config.admin, token: 's3cret' } }, { logger });
  ends.push(() => app.stop());
  const ask = async (token: string) =>
    (await fetch(`http://${app.adminAddress}/services`, { headers: { authorization: `Bearer ${token}` } }))
      .status;
  expect([await ask('s3cret'), await ask('other')]).toEqual([200, 401]);
});
