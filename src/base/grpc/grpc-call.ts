import { EventEmitter } from 'node:events';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Metadata, status } from '@grpc/grpc-js';
import { CallError, type CallStatus, INTERNAL, statusOf, trailersOf } from './call-status.js';
import type { GrpcConnection } from './grpc-connection.js';
import { Incoming } from './incoming.js';
import { ENCODINGS } from './inflate.js';
import type { Method } from './methods.js';
import { timeoutOf } from './timeout-header.js';

interface Events {
  data: [message: unknown];
  end: [];
  cancelled: [];
  error: [error: unknown];
}

/** After the status, for the client to close its side, milliseconds. */
const HANG_UP = 1_000;
const HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' };
const ACCEPTED = { ...HEADERS, 'grpc-accept-encoding': ENCODINGS };

/**
 * A call of a method, to its handler what a call of grpc-js is: the events `data`, `end` and `cancelled`; an `error` that
 * the handler emits ends it with that status.
 */
export class GrpcCall extends EventEmitter<Events> {
  /** The message of a method that takes one. */
  request: unknown;
  readonly #incoming: Incoming;
  #headersSent = false;
  #ended = false;
  /** Bytes that the client has not read. */
  #unread = 0;
  #deadline: NodeJS.Timeout | undefined;
  /** For the one message, and after the end for the client to take notice. */
  #patience: NodeJS.Timeout | undefined;
  #metadata: Metadata | undefined;

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
    private readonly method: Method,
    private readonly connection: GrpcConnection,
  ) {
    super();
    const { settings, meter, inflate } = connection;
    this.on('error', (error) => this.#finish(statusOf(error)));
    stream.on('close', () => this.#closed());
    this.#incoming = new Incoming(stream, headers['grpc-encoding'], settings, meter, inflate, {
      message: (bytes) => this.#receive(bytes),
      end: () => this.#receivedAll(),
      failed: (error) => this.emit('error', error),
    });
  }

  /** Hands the call to its handler: now, or when its one message has come. */
  start(): void {
    const timeout = timeoutOf(this.headers['grpc-timeout']);
    if (timeout !== undefined) this.#deadline = this.#failAfter(timeout, 'deadline exceeded');
    if (this.method.requestStream) this.#handle();
    else {
      const { messageTime } = this.connection.settings;
      this.#patience = this.#failAfter(messageTime, 'the request has not come in time');
    }
  }

  /** @param written called when the message has gone to the network */
  write(message: unknown, written?: () => void): boolean {
    if (this.#ended) return false;
    const frame = this.method.frame(message);
    if (!this.#headersSent) {
      this.#headersSent = true;
      this.stream.respond(ACCEPTED, { waitForTrailers: true });
    }
    this.#unread += frame.length;
    this.connection.meter.queued(frame.length);
    return this.stream.write(frame, (error) => {
      if (error) return;
      this.#unread -= frame.length;
      this.connection.meter.written(frame.length);
      written?.();
    });
  }

  /** Ends the call well. */
  end(): void {
    this.#finish({ code: status.OK, details: '' });
  }

  /** Takes no messages until {@link resume}. */
  pause(): void {
    this.#incoming.hold('handler');
  }

  resume(): void {
    this.#incoming.release('handler');
  }

  /** `address:port` of the client. */
  getPeer(): string {
    return this.connection.peer;
  }

  getAuthContext(): GrpcConnection['authContext'] {
    return this.connection.authContext;
  }

  get metadata(): Metadata {
    this.#metadata ??= metadataOf(this.headers);
    return this.#metadata;
  }

  #handle(): void {
    this.#guarded(() =>
      this.method.handle(this, (error, value) => {
        if (error) this.emit('error', error);
        else {
          this.write(value);
          this.end();
        }
      }),
    );
  }

  #receive(bytes: Buffer): void {
    let message: unknown;
    try {
      message = this.method.read(bytes);
    } catch {
      this.emit('error', new CallError(status.INVALID_ARGUMENT, 'the message cannot be read'));
      return;
    }
    if (this.method.requestStream) this.#guarded(() => this.emit('data', message));
    else if (this.request === undefined) this.request = message;
    else this.emit('error', ONE_MESSAGE);
  }

  #receivedAll(): void {
    clearTimeout(this.#patience);
    if (this.method.requestStream) this.#guarded(() => this.emit('end'));
    else if (this.request === undefined) this.emit('error', ONE_MESSAGE);
    else this.#handle();
  }

  /** A handler that throws costs its call alone. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.connection.settings.failed(thrown);
      this.emit('error', INTERNAL);
    }
  }

  #failAfter(milliseconds: number, details: string): NodeJS.Timeout {
    const fail = () => this.emit('error', new CallError(status.DEADLINE_EXCEEDED, details));
    return setTimeout(fail, milliseconds).unref();
  }

  #finish(end: CallStatus): void {
    if (!this.#close()) return;
    if (this.stream.closed || this.stream.destroyed) return;
    const trailers = trailersOf(end);
    // A client that does not read the end holds the stream no longer than this.
    const cut = () => this.stream.close(constants.NGHTTP2_CANCEL);
    this.#patience = setTimeout(cut, this.connection.settings.messageTime).unref();
    if (this.#headersSent) {
      this.stream.once('wantTrailers', () => {
        if (this.stream.destroyed || this.stream.closed) return;
        this.stream.sendTrailers(trailers);
        this.#hangUp();
      });
      this.stream.end();
    } else {
      this.stream.respond({ ...HEADERS, ...trailers }, { endStream: true });
      this.#hangUp();
    }
  }

  /** Closes the stream of a client that does not half-close. Not immediately: a grpc-js client would lose the status. */
  #hangUp(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.stream.close(constants.NGHTTP2_NO_ERROR), HANG_UP).unref();
  }

  /** The stream has ended, by whoever. */
  #closed(): void {
    clearTimeout(this.#patience);
    this.connection.meter.written(this.#unread);
    this.#unread = 0;
    if (this.#close()) this.emit('cancelled');
  }

  /** @returns whether it was open */
  #close(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#patience);
    this.#incoming.close();
    return true;
  }
}

const ONE_MESSAGE = new CallError(status.INVALID_ARGUMENT, 'this method takes one message');

/** What does not make valid metadata is left out: it is no use to anybody. */
function metadataOf(headers: IncomingHttpHeaders): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) {
    if (key.startsWith(':') || value === undefined) continue;
    for (const one of [value].flat())
      try {
        metadata.add(key, key.endsWith('-bin') ? Buffer.from(one, 'base64') : one);
      } catch {
        // As said.
      }
  }
  return metadata;
}
