import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Chunks for the client that are held back until their time has come. */
  readonly late: { readonly chunk: Buffer; readonly due: number }[];
}

/** Bytes that stand in for each chunk of a server that talks garbage. */
const GARBAGE = 100;

/** A TCP proxy on loopback whose connections can be counted, cut, stalled, slowed, garbled and refused. */
export class TcpProxy {
  /** Connections taken so far. */
  connections = 0;
  /** Bytes forwarded so far. */
  readonly bytes = { toServer: 0, toClient: 0 };
  readonly #pairs = new Set<Pair>();
  /** By how many milliseconds what the server says comes later. */
  delay = 0;
  #state: 'forwarding' | 'refusing' | 'garbling' = 'forwarding';
  /** Which connections are stalled, by the client's port. */
  #stalls: (port: number) => boolean = () => false;
  #cutAt = Number.POSITIVE_INFINITY;
  #wasCut: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    /** Where new connections go to; may be changed. */
    public target: number,
  ) {
    server.on('connection', (client) => this.#take(client));
  }

  /** @param target a port of loopback @param port to listen on, any free one by default @param host an address of loopback */
  static async start(target: number, port = 0, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
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

  /** Keeps connections open, takes new ones, and forwards nothing. @param which by the client's port; all by default */
  stall(which: (port: number) => boolean = () => true): void {
    this.#stalls = which;
    for (const pair of this.#pairs) if (this.#isStalled(pair)) pause(pair);
  }

  /** Cuts, and resets each new connection at once. */
  refuse(): void {
    this.#state = 'refusing';
    this.#stalls = () => false;
    this.cut();
  }

  /** Cuts, and answers whatever comes on new connections with bytes that mean nothing. */
  garble(): void {
    this.#state = 'garbling';
    this.#stalls = () => false;
    this.cut();
  }

  /** Ends `stall`, `refuse` and `garble`; what was garbled is cut. */
  forward(): void {
    if (this.#state === 'garbling') this.cut();
    this.#state = 'forwarding';
    this.#stalls = () => false;
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
    const pair: Pair = { client, server, late: [] };
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
        if (!this.#isStalled(pair)) from.resume();
      });
    }
    client.on('data', (chunk) => {
      this.bytes.toServer += chunk.length;
      if (this.#state === 'garbling') client.write(randomBytes(GARBAGE));
      else if (!server.write(chunk)) client.pause();
    });
    server.on('data', (chunk) => {
      if (this.#state === 'garbling') return;
      if (this.delay === 0 && pair.late.length === 0) this.#toClient(chunk, pair);
      else this.#later(chunk, pair);
    });
    if (this.#isStalled(pair)) pause(pair);
  }

  #isStalled({ client }: Pair): boolean {
    return this.#stalls(client.remotePort ?? 0);
  }

  #later(chunk: Buffer, pair: Pair): void {
    pair.late.push({ chunk, due: performance.now() + this.delay });
    if (pair.late.length === 1) this.#deliver(pair);
  }

  #deliver(pair: Pair): void {
    const [first] = pair.late;
    if (first === undefined) return;
    setTimeout(
      () => {
        pair.late.shift();
        if (!pair.client.destroyed) this.#toClient(first.chunk, pair);
        this.#deliver(pair);
      },
      Math.max(0, first.due - performance.now()),
    );
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

function pause({ client, server }: Pair): void {
  client.pause();
  server.pause();
}
