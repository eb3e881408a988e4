import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** Milliseconds: longer than any test lasts. */
const KEEP_ALIVE = 3_600_000;

/** A small HTTP service that says its name: what Envoy routes to in tests and in the demo. */
export class Backend {
  /** Answers begun, those to `/health` left out. */
  requests = 0;
  /** Milliseconds before it answers. */
  delay = 0;
  /** What it answers with, `/health` left out. */
  status = 200;
  /** Whether `/health` says 200 or 503. */
  healthy = true;

  private constructor(
    readonly name: string,
    readonly host: string,
    readonly port: number,
    private readonly server: Server,
  ) {}

  /** @param options a port of its own choice, and loopback, where nothing is given */
  static async start(
    name: string,
    options: { readonly port?: number; readonly host?: string } = {},
  ): Promise<Backend> {
    const { host = '127.0.0.1' } = options;
    // Node ends a connection on which nothing came for 5 s, perhaps just as Envoy sends a request on it: that one fails.
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(options.port ?? 0, host, done);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error(`backend ${name} has no port`);
    const backend = new Backend(name, host, address.port, server);
    server.on('request', (request, response) => void backend.#answer(request, response));
    return backend;
  }

  /** `host:port`, with brackets around IPv6. */
  get address(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }

  /** Ends it and cuts its connections, as a process that dies does. */
  async close(): Promise<void> {
    await new Promise<void>((done) => {
      this.server.close(() => done());
      this.server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    if (request.url === '/health') {
      response.writeHead(this.healthy ? 200 : 503).end();
      return;
    }
    this.requests += 1;
    if (this.delay > 0) await setTimeout(this.delay);
    const headers = { 'content-type': 'text/plain', 'x-service': this.name, 'x-path': request.url ?? '' };
    response.writeHead(this.status, headers).end(`${this.name}\n`);
  }
}
