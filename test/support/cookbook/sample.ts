import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** What a service with TLS shows and trusts, in PEM. */
export interface SampleTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** How long the slow services take, milliseconds. */
const LONG = 1_000;

/** An instance of a service of the cookbook: what it does follows from its name, as the page tells. */
export class Sample {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #requests = 0;

  private constructor(
    private readonly service: string,
    private readonly label: string,
    tls: SampleTls,
  ) {
    this.#server = this.#newServer(tls);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (_request: IncomingMessage, socket: Socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    });
  }

  /** @param label what it calls itself */
  static async start(service: string, label: string, tls: SampleTls): Promise<Sample> {
    const sample = new Sample(service, label, tls);
    await new Promise<void>((done) => sample.#server.listen(0, '127.0.0.1', done));
    return sample;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error(`${this.label} has no port`);
    return address.port;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => {
      this.#server.close(() => done());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #newServer(tls: SampleTls): Server {
    const listener: RequestListener = (request, response) => void this.#answer(request, response);
    if (this.service === 'vault')
      return createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, listener);
    if (this.service !== 'prices') return createServer(listener);
    const server = createHttp2Server();
    server.on('stream', (stream) => void answerLate(stream));
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    if (this.service === 'slow') await setTimeout(LONG);
    const { method, url, headers } = request;
    response.writeHead(this.#fails() ? 503 : 200, { 'x-powered-by': 'a sample' });
    const more = this.service === 'echo' ? `host: ${headers.host}\nx-path: ${headers['x-path']}\n` : '';
    const cookie = headers.cookie === undefined || this.service !== 'echo' ? '' : 'a cookie\n';
    response.end(`${this.label} ${method} ${url}\n${more}${cookie}`);
  }

  #fails(): boolean {
    if (this.service === 'flaky') return this.#requests % 2 === 1;
    return this.label === 'half-broken-2';
  }
}

async function answerLate(stream: ServerHttp2Stream): Promise<void> {
  stream.on('error', () => undefined);
  await setTimeout(LONG);
  if (!stream.destroyed) stream.respond({ 'grpc-status': '0' }, { endStream: true });
}
