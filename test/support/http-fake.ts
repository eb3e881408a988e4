import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { LocalServer } from './local-server.js';

/** A scripted HTTP server on loopback, for what a real one cannot be made to do. */
export class HttpFake {
  readonly requests: { readonly url: URL; readonly headers: IncomingMessage['headers'] }[] = [];
  readonly #server = new LocalServer(
    createServer((request, response) => {
      this.requests.push({
        url: new URL(request.url ?? '/', 'http://fake'),
        headers: request.headers,
      });
      this.answer(request, response);
    }),
  );

  /** @param answer what each request gets; a request that it leaves alone stays open */
  constructor(public answer: (request: IncomingMessage, response: ServerResponse) => void) {}

  async start(): Promise<this> {
    await this.#server.start();
    return this;
  }

  get host(): string {
    return this.#server.host;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Cuts the connections, as a restart of the server would. */
  cut(): void {
    this.#server.cut();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
