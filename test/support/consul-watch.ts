import { pino } from 'pino';
import { expect } from 'vitest';
import { consulOptions } from '../../src/discovery/consul/options.js';
import { createConsulSources } from '../../src/discovery/consul/source.js';
import { eventually } from '../peers/eventually.js';
import { RecordingSink } from './recording-sink.js';

/** Runs the source of one Consul's catalogue and keeps what it tells. */
export class ConsulWatch {
  readonly sink = new RecordingSink();
  log = '';
  readonly #life = new AbortController();
  readonly #running: Promise<void> | undefined;

  constructor(server: string, options: object = {}) {
    const read = consulOptions.parse({ type: 'consul', servers: [server], ...options });
    const logger = pino({ level: 'debug' }, { write: (line) => (this.log += line) });
    const [source] = createConsulSources('cat', read, { logger });
    this.#running = source?.run(this.sink, this.#life.signal);
  }

  async served(
    service: string,
    addresses: readonly string[] | undefined,
    milliseconds = 30_000,
  ): Promise<void> {
    await eventually(() => expect(this.sink.addresses(service)).toEqual(addresses), milliseconds);
  }

  async healthy(value = true): Promise<void> {
    await eventually(() => expect(this.sink.healthy).toBe(value), 30_000);
  }

  async close(): Promise<void> {
    this.#life.abort();
    await this.#running;
  }
}
