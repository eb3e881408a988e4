import { createServer, request, type Server } from 'node:http';

/** What a real server cannot be made to say: stands before it and, when told to, answers in its place. */
export class HttpProxy {
  #mode: 'forward' | 'error' | 'garbage' = 'forward';

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param target `http://host:port` of the real server */
  static async start(target: string): Promise<HttpProxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    const proxy = new HttpProxy(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (incoming, outgoing) => {
      if (proxy.#mode === 'error') return void outgoing.writeHead(500).end('rpc error: no leader');
      if (proxy.#mode === 'garbage')
        return void outgoing.writeHead(200, { 'x-consul-index': '9' }).end('[{"Key": "upstr');
      const { method, headers } = incoming;
      const forwarded = request(new URL(incoming.url ?? '/', target), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
    return proxy;
  }

  /** What it does from now on; requests that wait for an answer are cut. */
  answer(mode: 'forward' | 'error' | 'garbage'): void {
    this.#mode = mode;
    this.server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((done) => this.server.close(() => done()));
  }
}
