import { Secret } from '../../config/secret.js';
import { CONSISTENT } from '../consul-consistency.js';
import { type HttpAnswer, HttpClient } from '../http/http-client.js';
import { pause } from '../pause.js';
import { indexOf, isKvStatus, type KvAnswer, readKvAnswer } from './kv-answer.js';
import type { ConsulKvOptions } from './options.js';

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
  /** The store's index when last it was compared with the folder's. */
  #looked: number | undefined;

  /**
   * @param folder the prefix with a slash at its end
   * @param probeEvery milliseconds between two looks at the server while a query blocks
   */
  constructor(
    url: string,
    folder: string,
    options: ConsulKvOptions,
    private readonly probeEvery: number,
  ) {
    const { connect, read, wait, answer } = options.timeout;
    this.#client = new HttpClient(url, {
      connectTimeout: connect,
      tls: options.tls,
      maxAnswer: options.max_answer,
      answerTimeout: answer,
    });
    this.#path = `/v1/kv/${folder.split('/').map(encodeURIComponent).join('/')}`;
    this.#token = Secret.from(options.token, options.token_file);
    this.#read = read;
    this.#wait = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, wait));
  }

  /** Asks for all keys of the folder, at once. */
  async list(signal: AbortSignal): Promise<KvAnswer> {
    return await this.#query(CONSISTENT, this.#read, signal);
  }

  /**
   * Asks for all keys of the folder as soon as the server's index is above `index`, or after the wait; earlier where
   * it turns out that this would be waiting in vain.
   */
  async listAfter(index: number, signal: AbortSignal): Promise<KvAnswer> {
    const life = new AbortController();
    const end = () => life.abort();
    signal.addEventListener('abort', end);
    // The server adds up to a sixteenth to the wait, so that not all clients come at once.
    const longest = this.#wait + this.#wait / 16 + this.#read;
    const query = this.#query({ index, wait: `${this.#wait / 1_000}s` }, longest, life.signal);
    try {
      return await Promise.race([query, this.#untilInVain(index, life.signal)]);
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
   * Keeps an eye on the server while a query blocks. Three things leave it open that should not, and only another
   * request tells: the server hangs; it was started anew without its state and its index is behind; a recursive delete
   * of less than the folder's name (`consul kv delete -recurse upstreams`), which takes all our keys along but leaves
   * its mark where Consul, asked for `upstreams/`, does not look, so that nobody is woken.
   */
  async #untilInVain(index: number, signal: AbortSignal): Promise<KvAnswer> {
    for (;;) {
      await pause(this.probeEvery, signal);
      const probe = await this.#get(this.#path + PROBE_KEY, {}, this.#read, signal, () => true);
      // For a key that does not exist it is the highest index of the whole store.
      const store = probe.status === 404 ? indexOf(probe) : undefined;
      if (store === undefined || store === index) continue;
      if (store < index) return await this.list(signal);
      if (store === this.#looked) continue;
      this.#looked = store;
      if ((await this.#folderIndex(signal)) !== index) return await this.list(signal);
    }
  }

  /** The index of the folder, found without its values; undefined where the folder has no key. */
  async #folderIndex(signal: AbortSignal): Promise<number | undefined> {
    const query = { keys: 'true', separator: '/' };
    const folder = await this.#get(this.#path, query, this.#read, signal, isKvStatus);
    return folder.status === 404 ? undefined : indexOf(folder);
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
