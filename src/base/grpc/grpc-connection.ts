import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { trailersOf } from './call-status.js';
import type { ConnectionMeter } from './connection-meter.js';
import { GrpcCall } from './grpc-call.js';
import type { IncomingSettings } from './incoming.js';
import type { Inflate } from './inflate.js';
import type { Method } from './methods.js';

/** Of all connections. Times are milliseconds. */
export interface ConnectionSettings extends IncomingSettings {
  /** Calls at a time. */
  readonly calls: number;
  /** Bytes of a call's headers, as HTTP/2 counts them. */
  readonly headerBytes: number;
  /** Bytes that HTTP/2 may keep; beyond them it takes no new call. */
  readonly sessionBytes: number;
  /** Until the client has begun to speak HTTP/2. */
  readonly handshakeTime: number;
  /** How long a connection may be without a call. */
  readonly idleTime: number;
  /** A sign of life is asked for so often, and waited for so long. */
  readonly keepalive: { readonly time: number; readonly timeout: number };
  /** Told of a call that was not handed to a method. */
  readonly refused: (peer: string, reason: string) => void;
  /** Told of what a handler has thrown. */
  readonly failed: (error: unknown) => void;
}

const MIB = 1024 * 1024;

/** HTTP/2 with one client. */
export class GrpcConnection {
  readonly #session: ServerHttp2Session;
  #calls = 0;
  #authContext: { transportSecurityType?: string; sslPeerCertificate?: PeerCertificate } | undefined;
  #idle: NodeJS.Timeout | undefined;
  #pong: NodeJS.Timeout | undefined;

  /**
   * @param peer `address:port`
   * @param closed called once
   */
  constructor(
    private readonly socket: Socket,
    readonly peer: string,
    private readonly methods: ReadonlyMap<string, Method>,
    readonly settings: ConnectionSettings,
    readonly meter: ConnectionMeter,
    readonly inflate: Inflate,
    closed: () => void,
  ) {
    this.#session = performServerHandshake(socket, {
      maxSessionMemory: Math.ceil(settings.sessionBytes / MIB),
      settings: {
        maxConcurrentStreams: settings.calls,
        // What is a little too large is told why it is refused; what is far beyond is reset before it is read.
        maxHeaderListSize: 2 * settings.headerBytes,
      },
    });
    const begun = setTimeout(() => this.destroy(), settings.handshakeTime).unref();
    this.#session.once('remoteSettings', () => clearTimeout(begun));
    const ping = setInterval(() => this.#ping(), settings.keepalive.time).unref();
    this.#session.on('error', () => undefined);
    this.#session.on('stream', (stream, headers) => this.#called(stream, headers));
    this.#session.on('close', () => {
      clearTimeout(begun);
      clearInterval(ping);
      clearTimeout(this.#pong);
      clearTimeout(this.#idle);
      closed();
    });
    this.#waitForCalls();
  }

  /** What TLS says of the client; nothing where it shows no valid certificate. */
  get authContext(): { transportSecurityType?: string; sslPeerCertificate?: PeerCertificate } {
    this.#authContext ??= authContextOf(this.socket);
    return this.#authContext;
  }

  /** Takes no new calls; closes when those that are open have ended. */
  close(): void {
    if (!this.#session.closed) this.#session.close();
  }

  /** Ends it at once. */
  destroy(): void {
    this.#session.destroy();
    this.socket.destroy();
  }

  #called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // There is nothing that could be done about it; its end is told by `close`.
    stream.on('error', () => undefined);
    if (this.#session.destroyed) return;
    if (!this.meter.called()) {
      this.settings.refused(this.peer, 'too many new calls on a connection');
      this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      this.destroy();
      return;
    }
    if (stream.destroyed || stream.closed) return;
    this.#calls += 1;
    clearTimeout(this.#idle);
    stream.on('close', () => {
      this.#calls -= 1;
      if (this.#calls === 0) this.#waitForCalls();
    });
    const method = this.methods.get(headers[':path'] ?? '');
    if (headers[':method'] !== 'POST' || !headers['content-type']?.startsWith('application/grpc'))
      stream.respond({ ':status': constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, { endStream: true });
    else if (headerBytes(headers) > this.settings.headerBytes)
      this.#refuse(
        stream,
        status.RESOURCE_EXHAUSTED,
        `the headers of a call may have ${this.settings.headerBytes} bytes`,
      );
    else if (method === undefined) this.#refuse(stream, status.UNIMPLEMENTED, 'there is no such method');
    else new GrpcCall(stream, headers, method, this).start();
  }

  #refuse(stream: ServerHttp2Stream, code: status, details: string): void {
    this.settings.refused(this.peer, details);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', ...trailersOf({ code, details }) },
      { endStream: true },
    );
  }

  #waitForCalls(): void {
    this.#idle = setTimeout(() => this.close(), this.settings.idleTime).unref();
  }

  #ping(): void {
    if (this.#session.destroyed) return;
    const answered = (error: Error | null) => {
      clearTimeout(this.#pong);
      if (error !== null) this.destroy();
    };
    this.#pong = setTimeout(() => this.destroy(), this.settings.keepalive.timeout).unref();
    if (!this.#session.ping(answered)) this.destroy();
  }
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
function headerBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(headers))
    for (const one of [value ?? ''].flat()) bytes += key.length + one.length + 32;
  return bytes;
}

function authContextOf(socket: Socket) {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return {};
  const certificate = socket.getPeerCertificate();
  return {
    transportSecurityType: 'ssl',
    ...(certificate.raw !== undefined && { sslPeerCertificate: certificate }),
  };
}
