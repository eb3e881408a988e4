import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Target } from '../attack.js';
import { FRAME, type Frame, frame, PREFACE, readFrames } from './frames.js';

export interface RawOptions {
  /** False: what the server sends stays in the socket. */
  readonly reads?: boolean;
  /** Called with each frame of the server. */
  readonly frame?: (frame: Frame) => void;
  /** Called when the connection has ended. */
  readonly closed?: () => void;
}

/** A connection that sends any bytes, HTTP/2 or not. */
export class RawConnection {
  /** Why it ended, or is about to. */
  closed: string | undefined;
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  constructor(
    { host, xdsPort }: Pick<Target, 'host' | 'xdsPort'>,
    private readonly options: RawOptions = {},
  ) {
    this.#socket = connect({ host, port: xdsPort, noDelay: true });
    this.#socket.on('error', (error: Error & { readonly code?: string }) => {
      this.closed ??= error.code ?? error.message;
    });
    this.#ended = new Promise((done) => {
      this.#socket.on('close', () => {
        this.closed ??= 'closed';
        done();
        options.closed?.();
      });
    });
    if (options.reads !== false) this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** Begins HTTP/2: the preface and the settings of the client. */
  async begin(settings: Uint8Array = new Uint8Array()): Promise<boolean> {
    return await this.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, settings)]));
  }

  /** Writes bytes and waits until there is room for more. @returns whether the connection is still open */
  async write(bytes: Buffer): Promise<boolean> {
    if (this.closed !== undefined) return false;
    if (!this.#socket.write(bytes))
      await Promise.race([new Promise((done) => this.#socket.once('drain', done)), this.#ended]);
    return this.closed === undefined;
  }

  /** Resolves at its end, or after so many milliseconds. */
  async end(milliseconds: number): Promise<void> {
    await Promise.race([this.#ended, setTimeout(milliseconds, undefined, { ref: false })]);
  }

  /** Resolves with the first bytes of the server, or at the end. */
  async answer(): Promise<void> {
    await Promise.race([new Promise((done) => this.#socket.once('data', done)), this.#ended]);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    const { frames, rest } = readFrames(Buffer.concat([this.#rest, bytes]));
    this.#rest = rest;
    for (const received of frames) {
      const { type, payload } = received;
      if (type === FRAME.goaway && payload.length >= 8) this.closed ??= `GOAWAY ${payload.readUInt32BE(4)}`;
      this.options.frame?.(received);
    }
  }
}
