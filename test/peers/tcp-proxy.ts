import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy on loopback whose connections can be counted, cut, stalled and refused. */
export class TcpProxy {
  /** Connections taken so far. */
  connections = 0;
  /** Bytes forwarded so far. */
  readonly bytes = { toServer: 0, toClient: 0 };
  readonly #pairs = new Set<Pair>();
  #state: 'forwarding' | 'stalled' | 'refusing' = 'forwarding';
  #cutAt = Number.POSITIVE_INFINITY;
  #wasCut: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    /** Where new connections go to; may be changed. */
    public target: number,
  ) {
    server.on('connection', (client) => this.#take(client));
  }

  /** @param target a port of loopback */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new TcpProxy(server, target);
  }

  get port(): number {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy is closed');
    return address.port;
  }

  /** Connections open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Resets every connection; new ones are taken. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Cuts, once, in the middle of a byte stream: when so many more bytes have gone to clients. Resolves then. */
  async cutAfter(bytesToClient: number): Promise<void> {
    this.#cutAt = this.bytes.toClient + bytesToClient;
    await new Promise<void>((resolve) => {
      this.#wasCut = resolve;
    });
  }

  /** Keeps connections open, takes new ones, and forwards nothing. */
  stall(): void {
    this.#state = 'stalled';
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** Cuts, and resets each new connection at once. */
  refuse(): void {
    this.#state = 'refusing';
    this.cut();
  }

  /** Ends `stall` and `refuse`. */
  forward(): void {
    this.#state = 'forwarding';
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(client: Socket): void {
    this.connections += 1;
    if (this.#state === 'refusing') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.target, '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
      from.on('end', () => to.end());
      to.on('drain', () => {
        if (this.#state !== 'stalled') from.resume();
      });
    }
    client.on('data', (chunk) => {
      this.bytes.toServer += chunk.length;
      if (!server.write(chunk)) client.pause();
    });
    server.on('data', (chunk) => this.#toClient(chunk, pair));
    if (this.#state === 'stalled') {
      client.pause();
      server.pause();
    }
  }

  #toClient(chunk: Buffer, { client, server }: Pair): void {
    const left = this.#cutAt - this.bytes.toClient;
    if (left > chunk.length) {
      this.bytes.toClient += chunk.length;
      if (!client.write(chunk)) server.pause();
      return;
    }
    this.#cutAt = Number.POSITIVE_INFINITY;
    this.bytes.toClient += left;
    client.write(chunk.subarray(0, left), () => {
      this.cut();
      this.#wasCut();
    });
  }
}
