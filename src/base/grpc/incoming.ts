import type { ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { CallError } from './call-status.js';
import type { ConnectionMeter } from './connection-meter.js';
import type { Inflate } from './inflate.js';
import { MessageReader, type RawMessage } from './message-reader.js';

/** Why messages wait: the handler wants none, the connection has worked too much, one is being decompressed. */
type Hold = 'handler' | 'rest' | 'inflate';

export interface IncomingSettings {
  /** Bytes of a message, decompressed too. */
  readonly messageBytes: number;
  /** For a message from its first byte to its last, milliseconds. */
  readonly messageTime: number;
}

interface Receiver {
  message(bytes: Buffer): void;
  /** The client has said that it sends no more. */
  end(): void;
  failed(error: unknown): void;
}

/** What HTTP/2 and node may hold of a stream that is not read: its window, or the last read from the socket. */
const WINDOW = 64 * 1024;
/** Bytes that are decompressed in a millisecond, about: the threads that do it are not measured. */
const INFLATED_BYTES = 200_000;

/** The messages of a call, one after the other as they are wanted. */
export class Incoming {
  readonly #reader: MessageReader;
  readonly #holds = new Set<Hold>();
  #waiting: RawMessage[] = [];
  #halfClosed = false;
  #endTold = false;
  #closed = false;
  #late: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;

  /** @param encoding how messages are compressed that are */
  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly encoding: unknown,
    private readonly settings: IncomingSettings,
    private readonly meter: ConnectionMeter,
    private readonly inflate: Inflate,
    private readonly receiver: Receiver,
  ) {
    this.#reader = new MessageReader(settings.messageBytes, meter);
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('end', () => {
      this.#halfClosed = true;
      this.#next();
    });
  }

  hold(why: Hold): void {
    if (this.#closed || this.#holds.has(why)) return;
    this.#holds.add(why);
    if (this.#holds.size > 1) return;
    this.stream.pause();
    this.#stopWatching();
    const refusal = this.meter.hold(WINDOW);
    if (refusal === undefined) return;
    this.#holds.clear();
    this.receiver.failed(new CallError(status.RESOURCE_EXHAUSTED, refusal));
  }

  release(why: Hold): void {
    if (!this.#holds.delete(why) || this.#holds.size > 0) return;
    this.meter.release(WINDOW);
    this.#next();
    if (this.#holds.size > 0 || this.#closed) return;
    this.#watch();
    this.stream.resume();
  }

  /** No message is of interest any more; what still comes is read and dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#holds.size > 0) this.meter.release(WINDOW);
    for (const { held } of this.#waiting) this.meter.release(held);
    this.#waiting = [];
    this.#reader.close();
    clearTimeout(this.#late);
    clearTimeout(this.#rest);
    this.stream.resume();
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      for (const message of this.#reader.read(chunk)) {
        this.#waiting.push(message);
        this.#stopWatching();
      }
    } catch (thrown) {
      this.receiver.failed(thrown);
      return;
    }
    this.#watch();
    this.#next();
  }

  /** A message that comes drop by drop keeps what it has already. */
  #watch(): void {
    if (!this.#reader.waiting || this.#holds.size > 0) return;
    this.#late ??= setTimeout(() => {
      const details = 'a message has not come in full in time';
      this.receiver.failed(new CallError(status.DEADLINE_EXCEEDED, details));
    }, this.settings.messageTime).unref();
  }

  #stopWatching(): void {
    clearTimeout(this.#late);
    this.#late = undefined;
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#holds.size === 0 && !this.#closed) {
      if (this.#charge(0)) break;
      const message = this.#waiting.shift();
      if (message === undefined) break;
      if (message.compressed) {
        this.#inflate(message).catch((thrown: unknown) => this.receiver.failed(thrown));
        return;
      }
      this.#deliver(message.bytes);
      this.meter.release(message.held);
    }
    if (!this.#halfClosed || this.#endTold || this.#holds.size > 0 || this.#closed) return;
    this.#endTold = true;
    this.receiver.end();
  }

  #deliver(bytes: Buffer): void {
    const began = performance.now();
    this.receiver.message(bytes);
    this.#charge(performance.now() - began);
  }

  /** @returns whether the call has to rest now, because those of its connection have worked too much */
  #charge(milliseconds: number): boolean {
    const rest = this.meter.worked(milliseconds);
    if (rest === 0 || this.#closed) return false;
    this.hold('rest');
    this.#rest = setTimeout(() => this.#rested(), rest);
    return true;
  }

  /** The other calls of the connection may have worked meanwhile. */
  #rested(): void {
    const more = this.meter.worked(0);
    if (more > 0) this.#rest = setTimeout(() => this.#rested(), more);
    else this.release('rest');
  }

  async #inflate(message: RawMessage): Promise<void> {
    this.hold('inflate');
    try {
      const { encoding } = this;
      const most = this.settings.messageBytes;
      const unwanted = () => this.#closed;
      const bytes = await this.inflate({ bytes: message.bytes, encoding, most, unwanted });
      if (bytes === undefined || this.#closed) return;
      this.#deliver(bytes);
      this.#charge(bytes.length / INFLATED_BYTES);
    } catch (thrown) {
      this.receiver.failed(thrown);
    } finally {
      this.meter.release(message.held);
      this.release('inflate');
    }
  }
}
