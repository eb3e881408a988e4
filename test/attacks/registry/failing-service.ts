import { createServer, request, type Server } from 'node:http';

/** Stands before a real Consul and answers 500 for every query about one service, which no Consul can be made to do. */
export class FailingService {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param target `http://host:port` of the Consul */
  static async start(target: string, service: string): Promise<FailingService> {
    const server = createServer((incoming, outgoing) => {
      const { method, headers, url = '/' } = incoming;
      if (new URL(url, target).pathname.endsWith(`/${service}`)) {
        outgoing.writeHead(500).end('rpc error: no such luck');
        return;
      }
      const forwarded = request(new URL(url, target), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return new FailingService(server, `http://127.0.0.1:${address.port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((done) => this.server.close(() => done()));
  }
}
