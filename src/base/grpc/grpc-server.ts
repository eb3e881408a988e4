import type { Socket } from 'node:net';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ConnectionMeter } from './connection-meter.js';
import { type ConnectionSettings, GrpcConnection } from './grpc-connection.js';
import { Inflater } from './inflate.js';
import { type Method, methodsOf } from './methods.js';

/**
 * Speaks gRPC on connections that somebody else has accepted, with services as grpc-js defines them. Not grpc-js' own
 * server, since that says nothing of calls which it refuses itself, nor of what it keeps of messages that are on their
 * way; HTTP/2 itself is node's. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcServer {
  readonly #methods = new Map<string, Method>();
  readonly #connections = new Set<GrpcConnection>();
  readonly #inflater = new Inflater();
  #closing = false;
  #closed: () => void = () => undefined;

  constructor(private readonly settings: ConnectionSettings) {}

  /** @throws Error for a method that is there already */
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    for (const [path, method] of methodsOf(service, implementation)) {
      if (this.#methods.has(path)) throw new Error(`there is a handler of ${path} already`);
      this.#methods.set(path, method);
    }
  }

  /** Serves a connection, plain or TLS. */
  serve(socket: Socket, peer: string, meter: ConnectionMeter): void {
    if (this.#closing || socket.destroyed) {
      socket.destroy();
      return;
    }
    const inflate = this.#inflater.ofConnection();
    const connection = new GrpcConnection(socket, peer, this.#methods, this.settings, meter, inflate, () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#closed();
    });
    this.#connections.add(connection);
  }

  /** Takes no new connections and calls; resolves when those that are open have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const connection of this.#connections) connection.close();
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
  }

  /** Ends all connections at once. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
