import type { Target } from '../attack.js';
import { FLAG, FRAME, type Frame, frame, setting, uint32 } from './frames.js';
import { RawConnection } from './raw-connection.js';

const SETTING = { maxConcurrentStreams: 3, initialWindowSize: 4 } as const;
const LARGEST_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;
/** Calls in one write. */
const A_WRITE = 100;

/** The frames of a call. */
export interface RawCall {
  readonly headers: Buffer;
  /** The bytes of the request; there are none without it. */
  readonly body?: Buffer;
  /** Whether the client says that nothing more follows. */
  readonly ends: boolean;
}

/** Many calls on one connection, frame by frame: they cost their maker less than the server. */
export class RawCalls {
  opened = 0;
  /** Calls that the server has answered to the end, or reset. */
  ended = 0;
  readonly #connection: RawConnection;
  readonly #open = new Set<number>();
  readonly #ready: Promise<void>;
  /** The calls that the server allows at a time. */
  concurrency = Number.POSITIVE_INFINITY;
  #window = FIRST_WINDOW;
  #changed: () => void = () => undefined;

  constructor(target: Target) {
    let ready: () => void = () => undefined;
    this.#ready = new Promise((done) => {
      ready = done;
    });
    this.#connection = new RawConnection(target, {
      frame: (received) => {
        this.#take(received);
        if (received.type === FRAME.settings) ready();
        this.#changed();
      },
      closed: () => {
        ready();
        this.#changed();
      },
    });
  }

  /** Why the server closed the connection. */
  get closed(): string | undefined {
    return this.#connection.closed;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Resolves when the server has said how many calls it allows, or closed the connection. */
  async begin(): Promise<void> {
    await this.#connection.begin(setting(SETTING.initialWindowSize, LARGEST_WINDOW));
    await this.#connection.write(frame(FRAME.windowUpdate, 0, 0, uint32(LARGEST_WINDOW - FIRST_WINDOW)));
    await this.#ready;
  }

  /**
   * Opens calls, as many at a time as the server allows, but no more than `atOnce`.
   * @returns when all are open or the connection has ended
   */
  async openMany(count: number, atOnce: number, call: RawCall, signal: AbortSignal): Promise<void> {
    const bytes = call.body?.length ?? 0;
    for (let left = count; left > 0 && this.closed === undefined && !signal.aborted; ) {
      const room = Math.min(this.concurrency, atOnce) - this.#open.size;
      const affordable = bytes === 0 ? A_WRITE : Math.floor(this.#window / bytes);
      const some = Math.min(left, room, affordable, A_WRITE);
      if (some <= 0) {
        await this.#change(signal);
        continue;
      }
      left -= some;
      this.#window -= some * bytes;
      await this.#connection.write(Buffer.concat(Array.from({ length: some }, () => this.#frames(call))));
      await new Promise(setImmediate);
    }
  }

  close(): void {
    this.#connection.close();
  }

  #frames({ headers, body, ends }: RawCall): Buffer {
    const stream = 1 + 2 * this.opened;
    this.opened += 1;
    this.#open.add(stream);
    const last = ends ? FLAG.endStream : 0;
    if (body === undefined) return frame(FRAME.headers, FLAG.endHeaders + last, stream, headers);
    const head = frame(FRAME.headers, FLAG.endHeaders, stream, headers);
    return Buffer.concat([head, frame(FRAME.data, last, stream, body)]);
  }

  #take({ type, flags, stream, payload }: Frame): void {
    if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
      for (let at = 0; at + 6 <= payload.length; at += 6)
        if (payload.readUInt16BE(at) === SETTING.maxConcurrentStreams)
          this.concurrency = payload.readUInt32BE(at + 2);
    } else if (type === FRAME.windowUpdate && stream === 0) this.#window += payload.readUInt32BE();
    else if (
      type === FRAME.reset ||
      ((type === FRAME.headers || type === FRAME.data) && (flags & FLAG.endStream) !== 0)
    )
      if (this.#open.delete(stream)) this.ended += 1;
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((done) => {
      this.#changed = done;
      signal.addEventListener('abort', () => done(), { once: true });
    });
  }
}
