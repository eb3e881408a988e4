import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';

export interface Echoed {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP service that tells what reached it, and takes upgrades. */
export class Echo {
  readonly seen: Echoed[] = [];
  /** Answers yet to be given that fail, and how. */
  failures = 0;
  failure: { readonly status: number; readonly headers?: Readonly<Record<string, string>> } = { status: 503 };
  /** Milliseconds before it answers. */
  delay = 0;

  private constructor(
    readonly name: string,
    readonly port: number,
    private readonly server: Server,
  ) {}

  static async start(name: string): Promise<Echo> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the echo has no port');
    const echo = new Echo(name, address.port, server);
    server.on('request', async ({ method = '', url = '', headers }, response) => {
      const echoed = { service: name, method, path: url, headers };
      echo.seen.push(echoed);
      if (echo.delay > 0) await setTimeout(echo.delay);
      const fails = echo.failures > 0;
      if (fails) echo.failures -= 1;
      const { status, headers: more } = fails ? echo.failure : { status: 200, headers: {} };
      response.writeHead(status, { 'x-from': name, 'x-secret': 'kept inside', ...more });
      response.end(JSON.stringify(echoed));
    });
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      socket.pipe(socket);
    });
    return echo;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => {
      this.server.close(() => done());
      this.server.closeAllConnections();
    });
  }
}
