import { Secret } from '../../config/secret.js';
import { type HttpAnswer, HttpClient } from '../http/http-client.js';
import { pause } from '../pause.js';
import { isKvStatus, type KvAnswer, readKvAnswer } from './kv-answer.js';
import type { ConsulKvOptions } from './options.js';

/** Milliseconds between two looks at the server while a query blocks. */
const PROBE_EVERY = 2_000;
/** A key under the prefix that nobody has: asking for it is as small as a question can be. */
const PROBE_KEY = '.signalbox';
/** What Consul takes at most. */
const LONGEST_WAIT = 600_000;
const SHORTEST_WAIT = 1_000;

/** The KV store of one Consul server. */
export class KvServer {
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #token: Secret | undefined;
  readonly #read: number;
  readonly #wait: number;

  constructor(url: string, folder: string, options: ConsulKvOptions) {
    const { connect, read, wait } = options.timeout;
    this.#client = new HttpClient(url, { connectTimeout: connect, tls: options.tls });
    this.#path = `/v1/kv/${folder.split('/').map(encodeURIComponent).join('/')}`;
    this.#token = Secret.from(options.token, options.token_file);
    this.#read = read;
    this.#wait = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, wait));
  }

  /** Asks for all keys of the folder, at once. */
  async list(signal: AbortSignal): Promise<KvAnswer> {
    return await this.#query({}, this.#read, signal);
  }

  /**
   * Asks for all keys of the folder as soon as the server's index is above `index`, or after the wait; at once where
   * the server turns out to be behind that index.
   */
  async listAfter(index: number, signal: AbortSignal): Promise<KvAnswer> {
    const life = new AbortController();
    const end = () => life.abort();
    signal.addEventListener('abort', end);
    // The server adds up to a sixteenth to the wait, so that not all clients come at once.
    const longest = this.#wait + this.#wait / 16 + this.#read;
    const query = this.#query({ index, wait: `${this.#wait / 1_000}s` }, longest, life.signal);
    try {
      return await Promise.race([query, this.#untilBehind(index, life.signal)]);
    } finally {
      signal.removeEventListener('abort', end);
      life.abort();
      await query.catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #query(
    query: Readonly<Record<string, string | number>>,
    timeout: number,
    signal: AbortSignal,
  ): Promise<KvAnswer> {
    const answer = await this.#get(this.#path, { recurse: 'true', ...query }, timeout, signal, isKvStatus);
    // A list leaves out what the token may not read, and so looks empty; a single key is refused.
    if (answer.status === 404) await this.#get(this.#path + PROBE_KEY, {}, this.#read, signal, isKvStatus);
    return readKvAnswer(answer);
  }

  /**
   * Keeps an eye on the server while a query blocks. One that hangs keeps the query open just as a healthy one does,
   * and so does one that was started anew without its state until it reaches the index again; only another request
   * tells. For a key that does not exist the index is the highest of the whole store.
   */
  async #untilBehind(index: number, signal: AbortSignal): Promise<KvAnswer> {
    for (;;) {
      await pause(PROBE_EVERY, signal);
      const path = this.#path + PROBE_KEY;
      const { status, headers } = await this.#get(path, {}, this.#read, signal, () => true);
      if (status === 404 && Number(headers['x-consul-index']) < index) return await this.list(signal);
    }
  }

  async #get(
    path: string,
    query: Readonly<Record<string, string | number>>,
    timeout: number,
    signal: AbortSignal,
    accept: (status: number) => boolean,
  ): Promise<HttpAnswer> {
    const headers = this.#token === undefined ? {} : { 'x-consul-token': this.#token };
    return await this.#client.get(path, { headers, query, timeout, signal, accept });
  }
}
