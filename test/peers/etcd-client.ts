import { Agent, request } from 'undici';

/** How to reach an etcd that asks for TLS: PEM texts. */
export interface EtcdClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Operations that etcd takes in one transaction. */
const TRANSACTION = 100;

/** A client of etcd's JSON gateway, for tests to write with; independent of the one under test. */
export class EtcdClient {
  readonly #agent: Agent;
  #token: string | undefined;

  constructor(
    private readonly url: string,
    tls?: EtcdClientTls,
  ) {
    this.#agent = new Agent({ headersTimeout: 30_000, ...(tls !== undefined && { connect: { ...tls } }) });
  }

  /** A value that is no text is written as JSON. Gives the revision. */
  async put(key: string | Buffer, value: unknown): Promise<number> {
    return revisionOf(await this.#ask('kv/put', { key: base64(key), value: base64(textOf(value)) }));
  }

  /** Many entries, a hundred in a transaction. Gives the last revision. */
  async putAll(entries: Iterable<readonly [key: string, value: unknown]>): Promise<number> {
    const operations = Array.from(entries, ([key, value]) => ({
      request_put: { key: base64(key), value: base64(textOf(value)) },
    }));
    let revision = 0;
    for (let at = 0; at < operations.length; at += TRANSACTION)
      revision = revisionOf(await this.#ask('kv/txn', { success: operations.slice(at, at + TRANSACTION) }));
    return revision;
  }

  async delete(key: string | Buffer): Promise<number> {
    return revisionOf(await this.#ask('kv/deleterange', { key: base64(key) }));
  }

  /** The value as text; undefined where there is none. */
  async get(key: string): Promise<string | undefined> {
    const { kvs = [] } = (await this.#ask('kv/range', { key: base64(key) })) as {
      kvs?: readonly { readonly value?: string }[];
    };
    const found = kvs[0];
    return found === undefined ? undefined : Buffer.from(found.value ?? '', 'base64').toString();
  }

  /** The store's revision now. */
  async revision(): Promise<number> {
    return revisionOf(await this.#ask('kv/range', { key: base64('\0') }));
  }

  /** Forgets the history before `revision`, by default all of it. */
  async compact(revision?: number): Promise<void> {
    await this.#ask('kv/compaction', { revision: revision ?? (await this.revision()), physical: true });
  }

  async status(): Promise<{ readonly leader: string; readonly header: { readonly member_id: string } }> {
    return (await this.#ask('maintenance/status', {})) as Awaited<ReturnType<EtcdClient['status']>>;
  }

  /** Switches auth on; from then on this client is `root`. */
  async enableAuth(rootPassword: string): Promise<void> {
    await this.#ask('auth/user/add', { name: 'root', password: rootPassword });
    await this.#ask('auth/role/add', { name: 'root' });
    await this.#ask('auth/user/grant', { user: 'root', role: 'root' });
    await this.#ask('auth/enable', {});
    await this.login('root', rootPassword);
  }

  async login(name: string, password: string): Promise<void> {
    this.#token = undefined;
    const { token } = (await this.#ask('auth/authenticate', { name, password })) as { token: string };
    this.#token = token;
  }

  /** A user who may read what begins with `prefix`. */
  async addReader(name: string, password: string, prefix: string): Promise<void> {
    await this.#ask('auth/user/add', { name, password });
    await this.#ask('auth/role/add', { name });
    await this.grantRead(name, prefix);
    await this.#ask('auth/user/grant', { user: name, role: name });
  }

  async grantRead(role: string, prefix: string): Promise<void> {
    await this.#ask('auth/role/grant', {
      name: role,
      perm: { permType: 'READ', key: base64(prefix), range_end: base64(endOf(prefix)) },
    });
  }

  async revokeRead(role: string, prefix: string): Promise<void> {
    await this.#ask('auth/role/revoke', { role, key: base64(prefix), range_end: base64(endOf(prefix)) });
  }

  async changePassword(name: string, password: string): Promise<void> {
    await this.#ask('auth/user/changepw', { name, password });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(path: string, body: unknown): Promise<unknown> {
    const answer = await request(`${this.url}/v3/${path}`, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: this.#token === undefined ? {} : { authorization: this.#token },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`etcd: ${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text);
  }
}

function revisionOf(answer: unknown): number {
  return Number((answer as { readonly header?: { readonly revision?: string } }).header?.revision);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function base64(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64');
}

function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
  return end;
}
