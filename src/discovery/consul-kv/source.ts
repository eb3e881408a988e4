import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { displayName } from '../http/display-name.js';
import { TokenBucket } from '../http/token-bucket.js';
import { pause } from '../pause.js';
import { nameError, nameProblem } from '../service-name.js';
import type { ServiceKey, Source, SourceSink } from '../source.js';
import { KeyReader } from './key.js';
import { type KvAnswer, nextIndex } from './kv-answer.js';
import { KvMapping } from './kv-mapping.js';
import { KvServer } from './kv-server.js';
import type { ConsulKvOptions } from './options.js';

/**
 * A source for each server: they are independent, each has its own index, state and back-off.
 * @param deps.probeEvery milliseconds between two looks at a server while a query blocks, 2,000 by default
 */
export function createConsulKvSources(
  registry: string,
  options: ConsulKvOptions,
  deps: { readonly logger: Logger; readonly probeEvery?: number },
): readonly Source[] {
  const { logger, probeEvery = 2_000 } = deps;
  return options.servers.map((url) => new ConsulKvSource(registry, url, options, logger, probeEvery));
}

class ConsulKvSource implements Source {
  readonly server: string;
  readonly #keys: KeyReader;

  constructor(
    readonly registry: string,
    private readonly url: string,
    private readonly options: ConsulKvOptions,
    private readonly logger: Logger,
    private readonly probeEvery: number,
  ) {
    this.server = displayName(url);
    this.#keys = new KeyReader(options.prefix, options.skip_keys);
  }

  /** APISIX's full name: `<server>/v1/kv/<prefix>/<service path>/`. */
  alias(name: string): ServiceKey | undefined {
    if (!URL.canParse(name)) return undefined;
    const folder = `${this.server}/v1/kv/${this.#keys.folder}`;
    const plain = decoded(displayName(name));
    return plain.startsWith(folder) && plain.length > folder.length
      ? { service: plain.slice(folder.length) }
      : undefined;
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const server = new KvServer(this.url, this.#keys.folder, this.options, this.probeEvery);
    const mapping = new KvMapping(this.#keys, this.options.weight);
    const backoff = new Backoff();
    // Keys that change all the time wake a blocking query all the time.
    const bucket = new TokenBucket(50, 10);
    let index = 0;
    try {
      while (!signal.aborted) {
        const asked = index;
        let answer: KvAnswer;
        try {
          answer = asked === 0 ? await server.list(signal) : await server.listAfter(asked, signal);
        } catch (thrown) {
          if (signal.aborted) return;
          if (!(thrown instanceof SignalboxError)) throw thrown;
          sink.failed(thrown);
          index = 0;
          await pause(backoff.next(), signal);
          continue;
        }
        backoff.reset();
        for (const [service, state] of mapping.apply(answer.entries)) {
          const problem = state && nameProblem(service, 'consul_kv');
          if (problem === undefined) sink.set({ service }, state);
          else sink.serviceFailed({ service }, nameError(service, problem));
        }
        sink.synced(String(answer.index));
        index = this.#next(asked, answer.index);
        if (!this.options.keepalive) await pause(this.options.fetch_interval, signal);
        await bucket.pass(signal);
      }
    } finally {
      await server.close();
    }
  }

  #next(asked: number, answered: number): number {
    if (!this.options.keepalive) return 0;
    const next = nextIndex(asked, answered);
    if (next === 0) {
      this.logger.info(
        { registry: this.registry, server: this.server, asked, answered },
        'the index of Consul went back: reading anew',
      );
    }
    return next;
  }
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
