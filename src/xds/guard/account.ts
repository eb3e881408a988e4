import { ByteBudget } from '../../base/byte-budget.js';
import { TokenBucket } from '../../base/token-bucket.js';
import { CALLS_A_SECOND, CALLS_AT_ONCE, type Limits } from '../limits.js';
import { isLoopback } from './client-count.js';

/** The part of the time that the calls of one connection may work, and those of one client. */
const CONNECTION_SHARE = 0.25;
const CLIENT_SHARE = 0.5;
/** Milliseconds of work that may come at once, before the share counts. */
const BURST = 1_000;
/** A client, such as a gateway that many proxies share, may have several connections: so many times as much as one. */
const CLIENT_FACTOR = 10;

/** What one call makes this process hold and work. Its connection, its client and the process are charged with it. */
export interface CallAccount {
  /**
   * Charges bytes that the call makes this process keep.
   * @returns undefined, or why they are too many: then nothing is charged and the call is to end with RESOURCE_EXHAUSTED
   */
  hold(bytes: number): string | undefined;
  /** Gives back what {@link hold} has charged, or a part of it. */
  release(bytes: number): void;
  /** As {@link hold} for what many calls hold at once but takes memory once, such as an interned set of names. */
  share(thing: object, bytes: number): string | undefined;
  /** Gives back what {@link share} has charged. */
  unshare(thing: object): void;
  /**
   * Charges CPU time.
   * @returns for how long the call has to rest now, milliseconds
   */
  worked(milliseconds: number): number;
  /** The call has ended: gives everything back. */
  close(): void;
}

/** What all calls of a connection cost together. */
class ConnectionAccount {
  /** Of those who have it open: the connection itself, and calls where nobody has told of it. */
  users = 0;
  readonly #calls: TokenBucket;
  readonly #work: TokenBucket;
  readonly #held: ByteBudget;

  constructor(
    { held_bytes_per_connection }: Limits,
    readonly client: ClientAccount,
    now: () => number,
  ) {
    const full = `the calls of a connection may make the server hold ${held_bytes_per_connection} bytes`;
    this.#calls = new TokenBucket(CALLS_AT_ONCE, CALLS_A_SECOND, now);
    this.#work = new TokenBucket(CONNECTION_SHARE * BURST, CONNECTION_SHARE * 1_000, now);
    this.#held = new ByteBudget(held_bytes_per_connection, full, client.held);
  }

  /** Whether one more call may be made. */
  called(): boolean {
    return this.#calls.take(1) === 0 && this.client.called();
  }

  worked(milliseconds: number): number {
    return Math.max(this.#work.take(milliseconds), this.client.worked(milliseconds));
  }

  newBudget(): ByteBudget {
    return new ByteBudget(Number.POSITIVE_INFINITY, '', this.#held);
  }
}

/** What all connections from an address cost together; those of loopback are not one client but many. */
class ClientAccount {
  users = 0;
  readonly #calls: TokenBucket | undefined;
  readonly #work: TokenBucket | undefined;
  readonly held: ByteBudget;

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

/** The accounts of everybody who is connected. */
export class Accounts {
  readonly #connections = new Map<string, ConnectionAccount>();
  readonly #clients = new Map<string, ClientAccount>();
  readonly #held: ByteBudget;

  /** @param now milliseconds */
  constructor(
    private readonly limits: Limits,
    private readonly now: () => number = () => performance.now(),
  ) {
    const { held_bytes } = limits;
    this.#held = new ByteBudget(held_bytes, `the calls of all clients may hold ${held_bytes} bytes`);
  }

  /** Bytes that all calls together make this process hold. */
  get held(): number {
    return this.#held.bytes;
  }

  /**
   * A connection has been made.
   * @param peer `address:port`, as gRPC names it
   * @returns forgets it, when it has been closed
   */
  connected(peer: string): () => void {
    this.#take(peer);
    return () => this.#give(peer);
  }

  /** Whether a peer may make one more call, served or refused; where not, its connection is to be closed. */
  called(peer: string): boolean {
    return this.#connections.get(peer)?.called() ?? true;
  }

  /** Opens the account of a call. */
  call(peer: string): CallAccount {
    const connection = this.#take(peer);
    const held = connection.newBudget();
    let open = true;
    return {
      hold: (bytes) => (open ? held.hold(bytes) : undefined),
      release: (bytes) => {
        if (open) held.release(bytes);
      },
      share: (thing, bytes) => (open ? held.share(thing, bytes) : undefined),
      unshare: (thing) => {
        if (open) held.unshare(thing);
      },
      worked: (milliseconds) => connection.worked(milliseconds),
      close: () => {
        if (!open) return;
        open = false;
        held.close();
        this.#give(peer);
      },
    };
  }

  #take(peer: string): ConnectionAccount {
    const known = this.#connections.get(peer);
    const connection = known ?? new ConnectionAccount(this.limits, this.#client(addressOf(peer)), this.now);
    if (known === undefined) {
      this.#connections.set(peer, connection);
      connection.client.users += 1;
    }
    connection.users += 1;
    return connection;
  }

  #give(peer: string): void {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return;
    connection.users -= 1;
    if (connection.users > 0) return;
    this.#connections.delete(peer);
    connection.client.users -= 1;
    if (connection.client.users === 0) this.#clients.delete(addressOf(peer));
  }

  #client(address: string): ClientAccount {
    const client =
      this.#clients.get(address) ?? new ClientAccount(address, this.limits, this.#held, this.now);
    this.#clients.set(address, client);
    return client;
  }
}

/** IPv6 stands without brackets too. */
function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
