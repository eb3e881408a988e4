import { Backoff } from '../backoff.js';
import { pause } from '../pause.js';
import { BlockingQuery } from './blocking-query.js';
import type { CatalogServer } from './catalog-server.js';
import { type ServiceRead, serviceError } from './service-read.js';

/** A blocking query that stands for one service. Where it fails it is asked anew after a back-off of its own. */
export class ServiceQuery {
  readonly #backoff = new Backoff(1_000, 30_000);
  readonly #life = new AbortController();
  readonly #query: BlockingQuery<readonly unknown[]>;
  #settled: Promise<void> | undefined;
  #read: ServiceRead | undefined;
  #failures = 0;
  /** Ends what is asked. */
  readonly end = (): void => {
    this.signal.removeEventListener('abort', this.end);
    this.#life.abort();
  };

  constructor(
    private readonly server: CatalogServer,
    service: string,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', this.end);
    const ask = (index: number, life: AbortSignal) => server.service(service, index, life);
    this.#query = new BlockingQuery(ask, this.#life.signal);
  }

  /** How many times in a row the query has failed. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether there is something to take. */
  get answered(): boolean {
    return this.#read !== undefined;
  }

  /** Resolves when there is something to take. Rejects where not this query alone fails. */
  async ready(): Promise<void> {
    this.#settled ??= this.#settle();
    await this.#settled;
  }

  /** What the query came to; the next `ready` asks again. */
  take(): ServiceRead {
    const read = this.#read;
    if (read === undefined) throw new Error('a query without an answer was taken');
    this.#settled = undefined;
    this.#read = undefined;
    if (read.error === undefined) {
      this.#failures = 0;
      this.#backoff.reset();
    } else {
      this.#failures += 1;
    }
    return read;
  }

  async #settle(): Promise<void> {
    if (this.#failures > 0) await pause(this.#backoff.next(), this.#life.signal);
    try {
      this.#read = { entries: (await this.#query.next()).value };
    } catch (thrown) {
      if (this.#life.signal.aborted) throw thrown;
      this.#query.again();
      this.#read = { error: await serviceError(thrown, this.server, this.signal) };
    }
  }
}
