import type { Server, Socket } from 'node:net';

/** A server on a free port of loopback, whose connections end with it. */
export class LocalServer {
  readonly #sockets = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** `address:port` */
  get host(): string {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not started');
    return `127.0.0.1:${address.port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
  }

  /** Cuts the connections, as a restart of the server would. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }
}
