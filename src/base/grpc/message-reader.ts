import { status } from '@grpc/grpc-js';
import { CallError } from './call-status.js';

/** A message as it came. */
export interface RawMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
  /** Bytes of the budget that were charged for it: whoever takes the message gives them back. */
  readonly held: number;
}

interface Budget {
  hold(bytes: number): string | undefined;
  release(bytes: number): void;
}

/** Bytes before each message: whether it is compressed, and its length. */
export const HEAD = 5;
/** Bytes that are kept for the start of a message at first: its announced length costs nothing until it comes. */
const FIRST = 4_096;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts the bytes of a call into messages. A message that comes whole is handed on as it lies. Of one that comes in
 * pieces each is copied, because a piece would keep everything alive that was read from the socket with it.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export class MessageReader {
  #headFilled = 0;
  #compressed = false;
  #length = 0;
  #body = NOTHING;
  #filled = 0;

  /**
   * @param most bytes of a message
   * @param budget is charged with what is kept of a message that is not complete
   */
  constructor(
    private readonly most: number,
    private readonly budget: Budget,
  ) {}

  /** Whether a message has begun and is not complete. */
  get waiting(): boolean {
    return this.#headFilled > 0;
  }

  /** @throws CallError `RESOURCE_EXHAUSTED` for a message that is too large, or where no more may be kept */
  *read(chunk: Buffer): Generator<RawMessage> {
    let at = 0;
    while (at < chunk.length) {
      at = this.#readHead(chunk, at);
      if (this.#headFilled < HEAD) return;
      const end = at + this.#length - this.#filled;
      if (end > chunk.length) {
        this.#keep(chunk.subarray(at));
        return;
      }
      const message = this.#complete(chunk.subarray(at, end));
      at = end;
      yield message;
    }
  }

  /** Keeps nothing any more. */
  close(): void {
    this.budget.release(this.#body.length);
    this.#reset();
  }

  #readHead(chunk: Buffer, from: number): number {
    let at = from;
    while (this.#headFilled < HEAD && at < chunk.length) {
      const byte = chunk.readUInt8(at);
      if (this.#headFilled === 0) this.#compressed = byte !== 0;
      else this.#length = this.#length * 256 + byte;
      this.#headFilled += 1;
      at += 1;
    }
    if (this.#length > this.most)
      throw new CallError(status.RESOURCE_EXHAUSTED, `a message may have at most ${this.most} bytes`);
    return at;
  }

  #complete(rest: Buffer): RawMessage {
    if (this.#filled > 0) this.#keep(rest);
    const bytes = this.#filled > 0 ? this.#body : rest;
    const message = { compressed: this.#compressed, bytes, held: this.#body.length };
    this.#reset();
    return message;
  }

  #keep(piece: Buffer): void {
    const needed = this.#filled + piece.length;
    if (needed > this.#body.length) this.#grow(Math.min(this.#length, Math.max(FIRST, 2 * needed)));
    piece.copy(this.#body, this.#filled);
    this.#filled = needed;
  }

  #grow(capacity: number): void {
    const refusal = this.budget.hold(capacity - this.#body.length);
    if (refusal !== undefined) throw new CallError(status.RESOURCE_EXHAUSTED, refusal);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#body.copy(grown, 0, 0, this.#filled);
    this.#body = grown;
  }

  #reset(): void {
    this.#headFilled = 0;
    this.#length = 0;
    this.#body = NOTHING;
    this.#filled = 0;
  }
}
