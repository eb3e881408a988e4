import type { Limits } from '../limits.js';
import { namesIn, type StreamRequest, type StreamState } from '../stream-state.js';
import type { CallAccount } from './account.js';
import { Holdings } from './holdings.js';

const SECOND = 1_000;
/** Of names of types that nothing is served of, bytes: a resource of such a type may be published later. */
const UNSERVED_BYTES = 64 * 1024;

export interface GuardedStream {
  /** Reads no further requests until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the stream because its client does not read what it is sent. */
  unread(details: string): void;
  /** Ends the stream because nothing comes. */
  silent(details: string): void;
}

/** Keeps one stream within the limits. */
export class StreamGuard {
  #second = Number.NEGATIVE_INFINITY;
  #requests = 0;
  /** The bytes of each message that is on its way, oldest first. */
  readonly #messages: number[] = [];
  #queued = 0;
  #ended = false;
  #pause: NodeJS.Timeout | undefined;
  #slow: NodeJS.Timeout | undefined;
  readonly #idle: NodeJS.Timeout;
  readonly #holdings: Holdings;

  /** @param now milliseconds */
  constructor(
    private readonly limits: Limits,
    private readonly account: CallAccount,
    private readonly stream: GuardedStream,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#holdings = new Holdings(account);
    this.#idle = setTimeout(
      () => stream.silent('nothing was asked for on this stream'),
      limits.idle_timeout,
    ).unref();
  }

  /** A request has come. */
  arrived(): void {
    if (this.#ended) return;
    clearTimeout(this.#idle);
    this.#window();
    this.#requests += 1;
    if (this.#requests >= this.limits.requests_per_second) this.#restUntil(this.#second + SECOND);
  }

  /** So many milliseconds went into requests: what its connection costs beyond its share the stream waits out. */
  worked(milliseconds: number): void {
    if (this.#ended) return;
    const rest = this.account.worked(milliseconds);
    if (rest > 0) this.#restUntil(this.now() + rest);
  }

  /** What is counted is counted for a second. */
  #window(): void {
    const now = this.now();
    if (now - this.#second < SECOND) return;
    this.#second = now;
    this.#requests = 0;
  }

  #restUntil(time: number): void {
    if (this.#pause !== undefined) return;
    this.stream.pause();
    this.#rest(time - this.now());
  }

  /** What was under way meanwhile, here and on the rest of the connection, is waited out too. */
  #rest(milliseconds: number): void {
    this.#pause = setTimeout(() => {
      const more = this.account.worked(0);
      if (more > 0) return this.#rest(more);
      this.#pause = undefined;
      this.stream.resume();
    }, milliseconds);
  }

  /** Why a request asks for too much; undefined where it does not. */
  tooLarge(request: StreamRequest): string | undefined {
    const { names_per_request: most } = this.limits;
    const names = namesIn(request);
    return names > most
      ? `a request may have ${most} resource names and versions, this one has ${names}`
      : undefined;
  }

  /**
   * Why a stream has come to ask for too much; undefined where it has not.
   * @param serves whether there may be resources of a type: of others next to nothing is kept
   */
  tooMuch(state: StreamState, serves: (typeUrl: string) => boolean): string | undefined {
    const { names_per_stream, name_bytes_per_stream, types_per_stream } = this.limits;
    let names = 0;
    let bytes = 0;
    let unserved = 0;
    let count = 0;
    for (const { typeUrl, subscription } of state.types.values()) {
      names += subscription.names.size;
      bytes += subscription.names.bytes;
      if (subscription.names.size > 0 && !serves(typeUrl)) unserved += subscription.names.bytes;
      count += 1;
    }
    if (count > types_per_stream) return `a stream may ask for ${types_per_stream} types`;
    if (names > names_per_stream)
      return `a stream may ask for ${names_per_stream} resources by name, this one asks for ${names}`;
    if (bytes > name_bytes_per_stream)
      return `the names that a stream asks for may have ${name_bytes_per_stream} bytes, these have ${bytes}`;
    if (unserved > UNSERVED_BYTES)
      return `names of types that are not served may have ${UNSERVED_BYTES} bytes on a stream, these have ${unserved}`;
    return this.#holdings.update(state);
  }

  /** Why the state after a response is too large to keep; undefined if it is not. */
  keeps(state: StreamState): string | undefined {
    return this.#holdings.update(state);
  }

  /** A message of so many bytes is on its way to the client. */
  queued(bytes: number): void {
    this.#messages.push(bytes);
    this.#queued += bytes;
    this.#watch();
  }

  /** The oldest message has gone to the network: who reads slowly, but reads, has time again. */
  written(): void {
    this.#queued -= this.#messages.shift() ?? 0;
    if (this.#slow === undefined) return;
    clearTimeout(this.#slow);
    this.#slow = undefined;
    this.#watch();
  }

  #watch(): void {
    const { queued_bytes, queued_time } = this.limits;
    if (this.#ended || this.#queued <= queued_bytes || this.#slow !== undefined) return;
    this.#slow = setTimeout(
      () => this.stream.unread(`more than ${queued_bytes} bytes have not been read for too long`),
      queued_time,
    ).unref();
  }

  /** The stream has ended. */
  end(): void {
    this.#ended = true;
    for (const timer of [this.#idle, this.#pause, this.#slow]) clearTimeout(timer);
  }
}
