import { lookup } from 'node:dns/promises';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { messageOf, SignalboxError } from '../../errors.js';
import { readAddress } from '../../model/address.js';
import type { Limits } from '../limits.js';
import type { Accounts } from './account.js';
import { ClientCount } from './client-count.js';
import type { ConnectionAccount } from './connection-account.js';
import type { Refusals } from './refusals.js';
import { ServerCertificates, type TlsFiles } from './server-certificates.js';

/** The first words of an HTTP/2 client, bytes. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const PREFACE = 24;

export interface ConnectionsOptions {
  readonly limits: Limits;
  readonly tls?: TlsFiles | undefined;
  readonly logger: Logger;
  readonly refusals: Refusals;
  readonly accounts: Accounts;
}

/**
 * Accepts connections, plain or TLS, and hands those on that may be served. A server of its own, since gRPC's says
 * nothing of how many there may be, how long they may be silent, and why a certificate was refused.
 */
export class Connections {
  readonly #count: ClientCount;
  readonly #servers: Server[] = [];
  readonly #open = new Map<string, { readonly socket: Socket; readonly account: ConnectionAccount }>();
  #tls: TlsServer | undefined;

  /** @param serve speaks HTTP/2 on a connection */
  constructor(
    private readonly serve: (socket: Socket, peer: string, account: ConnectionAccount) => void,
    private readonly options: ConnectionsOptions,
    private readonly signal: AbortSignal,
  ) {
    const { connections, connections_per_client } = options.limits;
    this.#count = new ClientCount(connections, connections_per_client);
  }

  /**
   * Listens until {@link close}.
   * @param address `host:port`, port 0 for any free one; all addresses of a host name
   * @returns the port
   * @throws SignalboxError `listen_failed`, `tls_invalid`
   */
  async listen(address: string): Promise<number> {
    if (this.options.tls !== undefined) this.#tls = this.#tlsServer(this.options.tls);
    const failed = (reason: unknown) =>
      new SignalboxError('listen_failed', `cannot listen on ${address}: ${messageOf(reason)}`, {
        cause: reason,
      });
    const { host, port } = readAddress(address) ?? { host: address, port: 0 };
    let taken = port;
    let failure: unknown;
    try {
      const hosts =
        isIP(host) > 0 ? [host] : (await lookup(host, { all: true })).map((found) => found.address);
      for (const one of new Set(hosts)) {
        const bound = await this.#bind(one, taken).catch((thrown: unknown) => {
          failure = thrown;
        });
        taken = bound ?? taken;
      }
    } catch (thrown) {
      throw failed(thrown);
    }
    if (this.#servers.length === 0) throw failed(failure);
    return taken;
  }

  /** Accepts no more; those that are open stay. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** Ends a connection at once, whatever waits in it; `peer` as gRPC names it. */
  cut(peer: string): void {
    this.#open.get(peer)?.socket.destroy();
  }

  /** Ends all connections at once. */
  cutAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  async #bind(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    // Such as no file descriptor being left: those that are there are served on.
    server.on('error', (error) => this.options.logger.error({ reason: error.message }, 'cannot accept'));
    this.#servers.push(server);
    const bound = server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : port;
  }

  #accept(socket: Socket): void {
    const client = socket.remoteAddress;
    // It has gone already.
    if (client === undefined) return void socket.destroy();
    const taken = this.#count.take(client);
    if (typeof taken !== 'function') {
      const reason =
        taken === 'all' ? 'too many connections are open' : 'a client has too many connections open';
      this.options.refusals.add(reason, { client });
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    this.#open.set(peer, { socket, account: this.options.accounts.connected(peer) });
    let timer: NodeJS.Timeout | undefined;
    socket.once('close', () => {
      taken();
      this.options.accounts.disconnected(peer);
      this.#open.delete(peer);
      clearTimeout(timer);
    });
    // One that is reset before it says anything; what comes later is told to who speaks on it.
    socket.on('error', () => socket.destroy());
    const { handshake_timeout } = this.options.limits;
    timer = setTimeout(() => {
      if (socket.bytesRead >= PREFACE) return;
      this.options.refusals.add('a connection said nothing in time', { client });
      socket.destroy();
    }, handshake_timeout).unref();
    // The client speaks first, in TLS and in HTTP/2: one that says nothing costs no session.
    socket.once('readable', () => {
      if (socket.readableLength === 0) socket.destroy();
      else if (this.#tls === undefined) this.#speak(socket);
      else this.#tls.emit('connection', socket);
    });
  }

  #speak(socket: Socket): void {
    const peer = peerOf(socket);
    const open = this.#open.get(peer);
    // It has gone meanwhile.
    if (open === undefined) socket.destroy();
    else this.serve(socket, peer, open.account);
  }

  #tlsServer(files: TlsFiles): TlsServer {
    const { limits, logger, refusals } = this.options;
    const certificates = new ServerCertificates(
      files,
      (context) => server.setSecureContext(context),
      logger,
      this.signal,
    );
    const server = createTlsServer({
      ...certificates.current,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: limits.handshake_timeout,
      requestCert: files.client_ca !== undefined,
      // Told here, with the reason.
      rejectUnauthorized: false,
    });
    server.on('secureConnection', (socket) => {
      const refusal = certificateRefusal(socket, files);
      if (refusal === undefined) {
        this.#speak(socket);
        return;
      }
      refusals.add(`a client certificate was refused: ${refusal}`, { client: socket.remoteAddress });
      socket.destroy();
    });
    server.on('tlsClientError', (error, socket) => {
      refusals.add('a TLS handshake failed', { client: socket.remoteAddress, reason: error.message });
      socket.destroy();
    });
    return server;
  }
}

/** As gRPC names it. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

/** A certificate that is not valid is refused also where none is required. */
function certificateRefusal(socket: TLSSocket, files: TlsFiles): string | undefined {
  if (files.client_ca === undefined || socket.authorized) return undefined;
  const presented = socket.getPeerX509Certificate() !== undefined;
  if (!presented && !files.require_client_certificate) return undefined;
  return presented ? String(socket.authorizationError) : 'there is none';
}
