import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

/** How a call ended. */
export interface RawEnd {
  /** The HTTP status. */
  readonly http: number | undefined;
  readonly status: number | undefined;
  /** As it stood in the trailers, still encoded. */
  readonly message: string | undefined;
  readonly reset: number;
}

const GRPC = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

/** HTTP/2 without a gRPC client, which would not send what a stranger may. */
export function rawSession(port: number): ClientHttp2Session {
  // It may have more to send than a session of node's keeps by default.
  const session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 1_000 });
  session.on('error', () => undefined);
  return session;
}

/** A call that is open; what it is answered is dropped. */
export class RawCall {
  readonly stream: ClientHttp2Stream;
  readonly ended: Promise<RawEnd>;
  end: RawEnd | undefined;
  answers = 0;

  constructor(session: ClientHttp2Session, path: string, headers: Readonly<Record<string, string>> = {}) {
    this.stream = session.request({ ...GRPC, ':path': path, ...headers });
    let told: Record<string, unknown> = {};
    const tell = (more: object) => {
      told = { ...told, ...more };
    };
    this.stream.on('response', tell);
    this.stream.on('trailers', tell);
    this.stream.on('data', () => {
      this.answers += 1;
    });
    this.stream.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const over = () => {
        const [http, status, message] = [told[':status'], told['grpc-status'], told['grpc-message']];
        this.end = {
          http: http === undefined ? undefined : Number(http),
          status: status === undefined ? undefined : Number(status),
          message: message === undefined ? undefined : String(message),
          reset: this.stream.rstCode ?? 0,
        };
        resolve(this.end);
      };
      this.stream.on('end', over);
      this.stream.on('close', over);
    });
  }

  /** Sends a message as gRPC frames it. */
  send(body: Uint8Array, compressed = false): void {
    this.stream.write(frame(body, body.length, compressed));
  }

  cut(): void {
    this.stream.close();
  }
}

/** @param length what the head says */
export function frame(body: Uint8Array, length = body.length, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}
