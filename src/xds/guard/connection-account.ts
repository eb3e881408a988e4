import { ByteBudget } from '../../base/byte-budget.js';
import type { ConnectionMeter } from '../../base/grpc/connection-meter.js';
import { TokenBucket } from '../../base/token-bucket.js';
import type { Limits } from '../limits.js';
import { isLoopback } from './client-count.js';

/** New calls on a connection, refused ones included: so many at once, and so many a second from then on. */
const CALLS_AT_ONCE = 1_000;
const CALLS_A_SECOND = 100;
/** The part of the time that the calls of one connection may work, and those of one client. */
const CONNECTION_SHARE = 0.25;
const CLIENT_SHARE = 0.5;
/** Milliseconds of which the share may be worked in one go. */
const BURST = 1_000;
/** A client, such as a gateway that many proxies share, may make so many times the new calls of one connection. */
const CLIENT_FACTOR = 10;
/** Bytes that each connection may hold whatever others hold: the first request of an Envoy has some 61 KB. */
const GRANTED = 128 * 1024;

/** What all connections from an address cost together. Those of loopback are many clients, not one. */
export class ClientAccount {
  /** Connections that are open. */
  connections = 0;
  readonly held: ByteBudget;
  readonly #calls: TokenBucket | undefined;
  readonly #work: TokenBucket | undefined;

  constructor(address: string, { held_bytes }: Limits, all: ByteBudget, now: () => number) {
    if (isLoopback(address)) {
      this.held = all;
      return;
    }
    this.#calls = new TokenBucket(CLIENT_FACTOR * CALLS_AT_ONCE, CLIENT_FACTOR * CALLS_A_SECOND, now);
    this.#work = new TokenBucket(CLIENT_SHARE * BURST, CLIENT_SHARE * 1_000, now);
    const most = Math.ceil(held_bytes / 2);
    this.held = new ByteBudget(most, `a client may make the server hold ${most} bytes`, all);
  }

  called(): boolean {
    return this.#calls === undefined || this.#calls.take(1) === 0;
  }

  worked(milliseconds: number): number {
    return this.#work?.take(milliseconds) ?? 0;
  }
}

/** What all calls of a connection cost together. */
export class ConnectionAccount implements ConnectionMeter {
  /** Of those who have it open: the connection itself, and its calls. */
  users = 0;
  /** Called when the client has read enough that there may be room for another message. */
  readonly wantRoom = new Set<() => void>();
  readonly #calls: TokenBucket;
  readonly #work: TokenBucket;
  readonly #held: ByteBudget;
  #unread = 0;

  constructor(
    private readonly limits: Limits,
    readonly client: ClientAccount,
    now: () => number,
  ) {
    const { held_bytes_per_connection: most } = limits;
    this.#calls = new TokenBucket(CALLS_AT_ONCE, CALLS_A_SECOND, now);
    this.#work = new TokenBucket(CONNECTION_SHARE * BURST, CONNECTION_SHARE * 1_000, now);
    const full = `the calls of a connection may make the server hold ${most} bytes`;
    this.#held = new ByteBudget(most, full, client.held, GRANTED);
  }

  called(): boolean {
    return this.#calls.take(1) === 0 && this.client.called();
  }

  hold(bytes: number): string | undefined {
    return this.#held.hold(bytes);
  }

  release(bytes: number): void {
    this.#held.release(bytes);
  }

  worked(milliseconds: number): number {
    return Math.max(this.#work.take(milliseconds), this.client.worked(milliseconds));
  }

  queued(bytes: number): void {
    this.#unread += bytes;
  }

  written(bytes: number): void {
    this.#unread -= bytes;
    for (const callback of this.wantRoom) {
      if (!this.hasRoom) return;
      this.wantRoom.delete(callback);
      callback();
    }
  }

  /** A connection is one pipe: what its client has not read is in the way of whatever would be sent on top of it. */
  get hasRoom(): boolean {
    return this.#unread <= this.limits.held_bytes_per_connection;
  }

  /** The budget of one more call. */
  newBudget(): ByteBudget {
    return new ByteBudget(Number.POSITIVE_INFINITY, '', this.#held);
  }
}
