import zookeeper, { type Acl, type Client, type Exception } from 'node-zookeeper-client';

const { OPEN_ACL_UNSAFE, CREATOR_ALL_ACL } = zookeeper.ACL;
const { EPHEMERAL, PERSISTENT } = zookeeper.CreateMode;

export interface TestClientOptions {
  /** `user:password`. */
  readonly digest?: string;
}

/** Milliseconds until another connection is tried: one that comes while a server starts may never be answered. */
const PATIENCE = 3_000;

/** Writes znodes, for tests, while its server runs; a server that was stopped or frozen needs a new client. */
export class ZooKeeperTestClient {
  private constructor(private readonly client: Client) {}

  static async connect(hosts: string, options: TestClientOptions = {}): Promise<ZooKeeperTestClient> {
    for (;;) {
      const client = zookeeper.createClient(hosts, { sessionTimeout: 10_000, spinDelay: 100, retries: 5 });
      if (options.digest !== undefined) client.addAuthInfo('digest', Buffer.from(options.digest));
      const connected = await new Promise<boolean>((done) => {
        const timer = setTimeout(() => done(false), PATIENCE);
        client.once('connected', () => {
          clearTimeout(timer);
          done(true);
        });
        client.connect();
      });
      if (connected) return new ZooKeeperTestClient(client);
      // Before its connection goes, or it would try again on and on.
      client.connectionManager.onSocketClosed = () => undefined;
      client.connectionManager.socket?.destroy();
    }
  }

  /** Creates the znode, with those above it, or sets its data. */
  async put(path: string, data = ''): Promise<void> {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '') await outcome((callback) => this.client.mkdirp(parent, callback));
    await this.#create(path, data, OPEN_ACL_UNSAFE, PERSISTENT).catch(async (thrown: unknown) => {
      if (codeOf(thrown) !== zookeeper.Exception.NODE_EXISTS) throw thrown;
      await outcome((callback) => this.client.setData(path, Buffer.from(data), -1, callback));
    });
  }

  /** Creates a znode whose parent is there, gone with this client's session. */
  async putEphemeral(path: string, data = ''): Promise<void> {
    await this.#create(path, data, OPEN_ACL_UNSAFE, EPHEMERAL);
  }

  /** Creates a znode whose parent is there, for those only who have this client's credentials. */
  async putProtected(path: string, data = ''): Promise<void> {
    await this.#create(path, data, CREATOR_ALL_ACL, PERSISTENT);
  }

  /** Creates many znodes, whose parents are there or come before them, in few transactions. */
  async putAll(nodes: Iterable<readonly [path: string, data: string]>): Promise<void> {
    const all = [...nodes];
    for (let from = 0; from < all.length; from += 500) {
      const transaction = this.client.transaction();
      for (const [path, data] of all.slice(from, from + 500)) transaction.create(path, Buffer.from(data));
      await outcome((callback) => transaction.commit(callback));
    }
  }

  /** Removes one znode and puts another in one transaction. */
  async replace(path: string, other: string, data: string): Promise<void> {
    const transaction = this.client.transaction().remove(path).create(other, Buffer.from(data));
    await outcome((callback) => transaction.commit(callback));
  }

  /** Removes the znode with everything under it. */
  async remove(path: string): Promise<void> {
    for (const name of await this.children(path)) await this.remove(`${path}/${name}`);
    await outcome((callback) => this.client.remove(path, -1, callback));
  }

  async children(path: string): Promise<readonly string[]> {
    return await new Promise((done, fail) =>
      this.client.getChildren(path, undefined, (error, children) => (error ? fail(error) : done(children))),
    );
  }

  async data(path: string): Promise<string> {
    return await new Promise((done, fail) =>
      this.client.getData(path, undefined, (error, data) => (error ? fail(error) : done(String(data ?? '')))),
    );
  }

  close(): void {
    this.client.close();
  }

  async #create(path: string, data: string, acl: readonly Acl[], mode: number): Promise<void> {
    await outcome((callback) => this.client.create(path, Buffer.from(data), acl, mode, callback));
  }
}

async function outcome(request: (callback: (error: Exception | null) => void) => void): Promise<void> {
  await new Promise<void>((done, fail) => request((error) => (error ? fail(error) : done())));
}

function codeOf(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'code' in thrown ? Number(thrown.code) : undefined;
}
