import { pino } from 'pino';
import { nacosOptions } from '../../src/discovery/nacos/options.js';
import { createNacosSources, type NacosDeps } from '../../src/discovery/nacos/source.js';
import type { Source } from '../../src/discovery/source.js';
import { RecordingSink } from './recording-sink.js';

export function nacosSource(host: readonly string[], options: object = {}, deps: object = {}): Source {
  const read = nacosOptions.parse({ type: 'nacos', host, fetch_interval: '50ms', push: false, ...options });
  const given: NacosDeps = { logger: pino({ enabled: false }), ...deps };
  const [source] = createNacosSources('nacos', read, given);
  if (source === undefined) throw new Error('no source');
  return source;
}

/** Runs sources of the registry, until `end`. */
export class NacosWatches {
  readonly #life = new AbortController();
  readonly #running: Promise<void>[] = [];

  /** Polls twenty times a second unless the options say otherwise. */
  start(host: readonly string[], options: object = {}, deps: object = {}): RecordingSink {
    const sink = new RecordingSink();
    this.#running.push(nacosSource(host, options, deps).run(sink, this.#life.signal));
    return sink;
  }

  async end(): Promise<void> {
    this.#life.abort();
    await Promise.all(this.#running);
  }
}
