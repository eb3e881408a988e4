import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Attack, Outcome, Strike, Target } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';

/** Milliseconds that a probe of the admin API may take meanwhile. */
const PROBE = 1_000;

/** Asks for the health of the server once in a while, as Kubernetes does. */
class HealthProbe {
  #worst = 0;
  #failures = 0;
  readonly #agent = new Agent();
  readonly #done;

  constructor({ admin }: Target, signal: AbortSignal) {
    this.#done = lanes(1, signal, async () => {
      const began = performance.now();
      try {
        const { statusCode, body } = await request(`${admin}/healthz`, { dispatcher: this.#agent });
        await body.dump();
        if (statusCode !== 200) this.#failures += 1;
      } catch {
        this.#failures += 1;
      }
      this.#worst = Math.max(this.#worst, performance.now() - began);
      await setTimeout(100);
    });
  }

  async end(): Promise<void> {
    await this.#done;
    await this.#agent.destroy();
  }

  outcome(text: string): Outcome {
    const wrong =
      this.#failures > 0
        ? '/healthz failed'
        : this.#worst > PROBE
          ? '/healthz took more than a second'
          : undefined;
    return { text: `${text}; /healthz took ${this.#worst.toFixed(0)} ms at most`, wrong };
  }
}

/** Connections that send what `words` gives, part by part. */
const connections =
  (count: number, words: (n: number) => string | Buffer, pause: number): Strike =>
  async (target, signal, tell) => {
    const ends = new Tally();
    const probe = new HealthProbe(target, signal);
    tell(() => probe.outcome(`${count} connections, ended: ${ends}`));
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
    await probe.end();
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
    const probe = new HealthProbe(target, signal);
    tell(() => probe.outcome(`${count} connections, ${refused} closed by the server`));
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
    await probe.end();
  };

/** Questions at full speed. */
const questions =
  (paths: readonly string[], headers: Readonly<Record<string, string>> = {}): Strike =>
  async (target, signal, tell) => {
    const results = new Tally();
    const probe = new HealthProbe(target, signal);
    tell(() => {
      const outcome = probe.outcome(`answers: ${results}`);
      const crossed = headers['sec-fetch-site'] !== undefined && results.of('200') > 0;
      return crossed ? { ...outcome, wrong: 'a cross-site request was answered' } : outcome;
    });
    const agent = new Agent({ connections: 10 });
    await lanes(10, signal, async (lane) => {
      const path = paths[lane % paths.length] ?? '/';
      const { statusCode, body } = await request(`${target.admin}${path}`, { dispatcher: agent, headers });
      await body.dump();
      results.add(String(statusCode));
    }).catch((thrown: unknown) => results.add(String(thrown)));
    await agent.destroy();
    await probe.end();
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
