import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
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
    server.on('request', (request, response) => void echo.#answer(request, response));
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

  async #answer(
    { method = '', url = '', headers }: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const echoed = { service: this.name, method, path: url, headers };
    this.seen.push(echoed);
    if (this.delay > 0) await setTimeout(this.delay);
    const fails = this.failures > 0;
    if (fails) this.failures -= 1;
    const { status, headers: more } = fails ? this.failure : { status: 200, headers: {} };
    response.writeHead(status, { 'x-from': this.name, 'x-secret': 'kept inside', ...more });
    response.end(JSON.stringify(echoed));
  }
}
