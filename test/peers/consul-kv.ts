import { Agent, request } from 'undici';

/** A small client of Consul's key-value store, for tests to write with. */
export class ConsulKv {
  readonly #agent = new Agent({ headersTimeout: 30_000 });

  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  /** A value that is no text is written as JSON. */
  async put(key: string, value: unknown): Promise<void> {
    const text = await this.#ask('PUT', `/v1/kv/${path(key)}`, textOf(value));
    if (text?.trim() !== 'true') throw new Error(`consul: PUT ${key} said ${text}`);
  }

  /** Many entries, 64 in a transaction. */
  async putAll(entries: Iterable<readonly [key: string, value: unknown]>): Promise<void> {
    const operations = Array.from(entries, ([key, value]) => ({
      KV: { Verb: 'set', Key: key, Value: Buffer.from(textOf(value)).toString('base64') },
    }));
    for (let at = 0; at < operations.length; at += 64)
      await this.#ask('PUT', '/v1/txn', JSON.stringify(operations.slice(at, at + 64)));
  }

  /** The value as text; undefined where there is none. */
  async get(key: string): Promise<string | undefined> {
    return await this.#ask('GET', `/v1/kv/${path(key)}?raw`);
  }

  async delete(key: string, options: { readonly recurse?: boolean } = {}): Promise<void> {
    await this.#ask('DELETE', `/v1/kv/${path(key)}${options.recurse === true ? '?recurse' : ''}`);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(method: 'GET' | 'PUT' | 'DELETE', target: string, body?: string): Promise<string | undefined> {
    const answer = await request(`${this.url}${target}`, {
      method,
      dispatcher: this.#agent,
      headers: this.token === undefined ? {} : { 'x-consul-token': this.token },
      ...(body !== undefined && { body }),
    });
    const text = await answer.body.text();
    if (answer.statusCode === 404 && method === 'GET') return undefined;
    if (answer.statusCode !== 200)
      throw new Error(`consul: ${method} ${target}: ${answer.statusCode} ${text}`);
    return text;
  }
}

function path(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
