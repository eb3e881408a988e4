import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from 'node:http2';
import { statusName } from '../../conformance/wire-stream.js';
import type { Target } from '../attack.js';

type Headers = Readonly<Record<string, string | number>>;

const GRPC: Headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
/** The library's own bounds would protect the server from us. */
const UNBOUNDED = { maxSessionMemory: 10_000 };

/** A message as gRPC puts it on the wire. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export function framed(body: Uint8Array, flag = 0): Buffer {
  return Buffer.concat([prefix(body.length, flag), body]);
}

/** The five bytes before a message. */
export function prefix(length: number, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return head;
}

/** An HTTP/2 connection for gRPC calls that obey no client library. */
export class GrpcConnection {
  /** Why the server closed it. */
  closed: string | undefined;
  readonly #session: ClientHttp2Session;

  constructor(
    { host, xdsPort }: Pick<Target, 'host' | 'xdsPort'>,
    options: SecureClientSessionOptions & { readonly scheme?: 'http' | 'https' } = {},
  ) {
    this.#session = connect(`${options.scheme ?? 'http'}://${host}:${xdsPort}`, { ...UNBOUNDED, ...options });
    this.#session.on('error', (error: Error & { readonly code?: string }) => {
      this.closed ??= error.code ?? error.message;
    });
    this.#session.on('goaway', (code) => {
      this.closed ??= `GOAWAY ${code}`;
    });
    this.#session.on('close', () => {
      this.closed ??= 'closed';
    });
  }

  /** Resolves with the first settings of the server, or when the connection ends. */
  async ready(): Promise<void> {
    await new Promise<void>((done) => {
      this.#session.once('remoteSettings', () => done());
      this.#session.once('close', done);
    });
  }

  /** The calls that the server allows at a time. */
  get concurrency(): number {
    return this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
  }

  /** Opens a call; undefined once the connection has ended. */
  call(path: string, headers: Headers = {}): GrpcCall | undefined {
    if (this.closed !== undefined) return undefined;
    try {
      return new GrpcCall(this.#session.request({ ...GRPC, ':path': path, ...headers }));
    } catch (thrown) {
      this.closed ??= String(thrown);
      return undefined;
    }
  }

  close(): void {
    this.#session.destroy();
  }
}

/** One call. */
export class GrpcCall {
  /** Its status with the message, such as `OK`; or why it ended without one. */
  status: string | undefined;
  received = 0;
  readonly ended: Promise<string>;
  #rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  constructor(readonly stream: ClientHttp2Stream) {
    this.ended = new Promise((done) => {
      const end = (status: string) => {
        this.status ??= status;
        done(this.status);
      };
      const read = (headers: Readonly<Record<string, unknown>>) => {
        const code = headers['grpc-status'];
        const status = headers[':status'] ?? 200;
        if (code !== undefined) end(statusOf(code, headers['grpc-message']));
        else if (status !== 200) end(`HTTP ${status}`);
        else return;
        // The client has nothing more to say either.
        stream.end();
      };
      stream.on('response', read).on('trailers', read);
      stream.on('error', (error) => end(error.message));
      stream.on('close', () => end(`reset ${stream.rstCode}`));
    });
  }

  get open(): boolean {
    return this.status === undefined;
  }

  /** Reads the answers and throws them away. */
  drain(): this {
    this.stream.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
    });
    return this;
  }

  /** Hands on each message of the answer. */
  read(message: (body: Buffer) => void): this {
    this.stream.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
      this.#rest = Buffer.concat([this.#rest, bytes]);
      while (this.#rest.length >= 5) {
        const end = 5 + this.#rest.readUInt32BE(1);
        if (this.#rest.length < end) return;
        message(this.#rest.subarray(5, end));
        this.#rest = this.#rest.subarray(end);
      }
    });
    return this;
  }

  /** Writes bytes and waits until there is room for more. @returns whether the call is still open */
  async write(bytes: Buffer): Promise<boolean> {
    if (!this.open || this.stream.destroyed || this.stream.writableEnded) return false;
    if (!this.stream.write(bytes))
      await Promise.race([new Promise((done) => this.stream.once('drain', done)), this.ended]);
    return this.open;
  }

  /** Sends one message and nothing more, and waits for the status. */
  async ask(body: Uint8Array): Promise<string> {
    this.drain();
    this.stream.end(framed(body));
    return await this.ended;
  }

  reset(): void {
    this.stream.close(8);
  }
}

function statusOf(code: unknown, message: unknown): string {
  const text = decodeURIComponent(String(message ?? ''));
  return `${statusName(Number(code))} ${text}`.trim().slice(0, 160);
}
