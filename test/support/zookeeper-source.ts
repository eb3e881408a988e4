import { pino } from 'pino';
import { expect } from 'vitest';
import { zookeeperOptions } from '../../src/discovery/zookeeper/options.js';
import { createZooKeeperSources } from '../../src/discovery/zookeeper/source.js';
import { eventually } from '../peers/eventually.js';
import { RecordingSink } from './recording-sink.js';

/** A source at work, and what it tells. */
export class FollowedZooKeeper {
  readonly sink = new RecordingSink();
  /** What it logged, as text. */
  log = '';
  readonly #life = new AbortController();
  readonly #running: Promise<void>;

  constructor(hosts: readonly string[], options: object = {}) {
    const read = zookeeperOptions.parse({ type: 'zookeeper', hosts, ...options });
    const logger = pino({ level: 'trace' }, { write: (line) => (this.log += line) });
    const [source] = createZooKeeperSources('zk', read, { logger });
    if (source === undefined) throw new Error('no source');
    this.#running = source.run(this.sink, this.#life.signal);
  }

  /** Everything that it told of its failures. */
  get failures(): string {
    return this.sink.errors.map(({ code, message }) => `${code} ${message}`).join('\n');
  }

  async serves(service: string, addresses: readonly string[] | undefined): Promise<void> {
    await eventually(() => expect(this.sink.addresses(service)).toEqual(addresses), 30_000);
  }

  async healthy(): Promise<void> {
    await eventually(() => expect(this.sink.healthy, this.failures).toBe(true), 30_000);
  }

  /** Waits for a failure with this code and text since the `from`th one. */
  async fails(code: string, text: string | RegExp, from = 0): Promise<void> {
    await eventually(() => {
      const found = this.sink.errors.slice(from).filter((error) => error.code === code);
      expect(found.map(({ message }) => message).join('\n'), this.failures).toMatch(text);
    }, 30_000);
  }

  /** Waits until the service fails with this code and text. */
  async failsFor(service: string, code: string, text: string): Promise<void> {
    await eventually(() => {
      const error = this.sink.failing.get(service);
      expect([error?.code, error?.message], this.failures).toEqual([code, expect.stringContaining(text)]);
    }, 30_000);
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await this.#running;
  }
}
