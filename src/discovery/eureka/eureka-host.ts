import { withoutOuterSlashes } from '../../base/outer-slashes.js';
import { type HttpAnswer, HttpClient } from '../http/http-client.js';
import { type EurekaAnswer, readEurekaAnswer } from './eureka-answer.js';
import type { EurekaOptions } from './options.js';

/** One of Eureka's servers. */
export class EurekaHost {
  readonly #client: HttpClient;
  readonly #prefix: string;
  readonly #timeout: number;
  #deltas = true;

  constructor(url: string, options: EurekaOptions) {
    this.#client = new HttpClient(url, {
      connectTimeout: options.timeout.connect,
      tls: options.tls,
      maxAnswer: options.max_answer,
      answerTimeout: options.timeout.answer,
    });
    const prefix = withoutOuterSlashes(options.prefix);
    this.#prefix = prefix === '' ? '' : `/${prefix}`;
    // The request has no body, so that sending it is the start of waiting for the answer.
    this.#timeout = options.timeout.read;
  }

  /** The server for people. */
  get name(): string {
    return this.#client.server;
  }

  async readAll(signal: AbortSignal): Promise<EurekaAnswer> {
    return readEurekaAnswer(await this.#get('/apps', signal, (status) => status === 200));
  }

  /** Undefined where the server gives no deltas (`disable-delta` answers 403): it is not asked again. */
  async readDelta(signal: AbortSignal): Promise<EurekaAnswer | undefined> {
    if (!this.#deltas) return undefined;
    const answer = await this.#get('/apps/delta', signal, (status) => [200, 403, 404].includes(status));
    if (answer.status === 200) return readEurekaAnswer(answer);
    this.#deltas = false;
    return undefined;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #get(path: string, signal: AbortSignal, accept: (status: number) => boolean): Promise<HttpAnswer> {
    // Netflix's server falls back to XML where either header is missing.
    const headers = { accept: 'application/json', 'accept-encoding': 'gzip' };
    return await this.#client.get(`${this.#prefix}${path}`, {
      headers,
      timeout: this.#timeout,
      signal,
      accept,
    });
  }
}
