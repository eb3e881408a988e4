import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Attack, Strike } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';

/** Connections that send what `words` gives, part by part. */
const connections =
  (count: number, words: (n: number) => string | Buffer, pause: number): Strike =>
  async (target, signal, tell) => {
    const ends = new Tally();
    tell(() => `${count} connections, ended: ${ends}`);
    const { hostname, port } = new URL(target.admin);
    await lanes(count, signal, async () => {
      const socket = connect(Number(port), hostname);
      let open = true;
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open = false;
      });
      socket.resume();
      for (let n = 0; open && !signal.aborted; n += 1) {
        if (!socket.write(words(n)))
          await Promise.race([new Promise((done) => socket.once('drain', done)), setTimeout(500)]);
        await setTimeout(pause);
      }
      if (!signal.aborted) ends.add('closed by the server');
      socket.destroy();
    });
  };

const BEGIN = 'GET /services HTTP/1.1\r\nhost: localhost\r\n';
const slowloris = connections(2_000, (n) => (n === 0 ? BEGIN : `x-${n}: y\r\n`), 1_000);

const POST = 'POST /unpin HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n';
const part = Buffer.alloc(256 * 1_024, 'b');
const bodies = connections(20, (n) => (n === 0 ? POST : part), 1);

/** Reads nothing of what it asked for. */
const unread =
  (path: string, count: number): Strike =>
  async (target, signal, tell) => {
    let refused = 0;
    tell(() => `${count} connections, ${refused} closed by the server`);
    const { hostname, port } = new URL(target.admin);
    const sockets = Array.from({ length: count }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (!signal.aborted) refused += 1;
      });
      // Not one byte is read, but the questions go on.
      socket.pause();
      return socket;
    });
    const question = `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    await lanes(1, signal, async () => {
      for (const socket of sockets)
        if (!socket.destroyed && !socket.writableNeedDrain) socket.write(question);
      await setTimeout(50);
    });
    for (const socket of sockets) socket.destroy();
  };

/** Questions at full speed. */
const questions =
  (paths: readonly string[], headers: Readonly<Record<string, string>> = {}): Strike =>
  async (target, signal, tell) => {
    const results = new Tally();
    const crossSite = headers['sec-fetch-site'] !== undefined;
    tell(() => ({
      text: `answers: ${results}`,
      wrong: crossSite && results.of('200') > 0 ? 'a cross-site request was answered' : undefined,
    }));
    const agent = new Agent({ connections: 10 });
    await lanes(10, signal, async (lane) => {
      const path = paths[lane % paths.length] ?? '/';
      const { statusCode, body } = await request(`${target.admin}${path}`, { dispatcher: agent, headers });
      await body.dump();
      results.add(String(statusCode));
    }).catch((thrown: unknown) => results.add(String(thrown)));
    await agent.destroy();
  };

const LONG = encodeURIComponent('x'.repeat(8_000));

export const ADMIN_FLOODS: readonly Attack[] = [
  { name: 'admin API: 2,000 requests whose headers never end', strike: slowloris },
  { name: 'admin API: bodies of 1 GB', strike: bodies },
  { name: 'admin API: 100 readers of /events that do not read', strike: unread('/events', 100) },
  { name: 'admin API: 100 readers of /config_dump that do not read', strike: unread('/config_dump', 100) },
  {
    name: 'admin API: cross-site requests at full speed',
    strike: questions(['/config_dump', '/services', '/metrics', '/explain?q=service-0'], {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
    }),
  },
  {
    name: 'admin API: questions with long texts at full speed',
    strike: questions([
      `/explain?q=${LONG}`,
      `/services/${LONG}`,
      `/load/${LONG}`,
      `/snapshots?back=${LONG}`,
    ]),
  },
];
