import { ByteBudget } from '../../base/byte-budget.js';
import type { Limits } from '../limits.js';
import { ClientAccount, ConnectionAccount } from './connection-account.js';

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
   * Charges CPU time that went into the call outside of the handling of its messages, which is measured already.
   * @returns for how long the call has to rest now, milliseconds
   */
  worked(milliseconds: number): number;
  /** Whether one more message may be sent: what the client of the connection has not read yet is not too much. */
  readonly hasRoom: boolean;
  /** Calls back once, when there may be room again; one callback a call. */
  whenRoom(callback: () => void): void;
  /** The call has ended: gives everything back. */
  close(): void;
}

class OpenAccount implements CallAccount {
  readonly #held: ByteBudget;
  #wanted: (() => void) | undefined;
  #open = true;

  constructor(
    private readonly connection: ConnectionAccount,
    private readonly closed: () => void,
  ) {
    this.#held = connection.newBudget();
  }

  hold(bytes: number): string | undefined {
    return this.#open ? this.#held.hold(bytes) : undefined;
  }

  release(bytes: number): void {
    if (this.#open) this.#held.release(bytes);
  }

  share(thing: object, bytes: number): string | undefined {
    return this.#open ? this.#held.share(thing, bytes) : undefined;
  }

  unshare(thing: object): void {
    if (this.#open) this.#held.unshare(thing);
  }

  worked(milliseconds: number): number {
    return this.connection.worked(milliseconds);
  }

  get hasRoom(): boolean {
    return this.connection.hasRoom;
  }

  whenRoom(callback: () => void): void {
    if (!this.#open) return;
    this.#wanted = callback;
    this.connection.wantRoom.add(callback);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#held.close();
    if (this.#wanted !== undefined) this.connection.wantRoom.delete(this.#wanted);
    this.closed();
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
   */
  connected(peer: string): ConnectionAccount {
    const known = this.#connections.get(peer);
    const connection = known ?? new ConnectionAccount(this.limits, this.#client(addressOf(peer)), this.now);
    if (known === undefined) {
      this.#connections.set(peer, connection);
      connection.client.connections += 1;
    }
    connection.users += 1;
    return connection;
  }

  /** A connection that {@link connected} was told of has been closed. */
  disconnected(peer: string): void {
    const connection = this.#connections.get(peer);
    if (connection === undefined) return;
    connection.users -= 1;
    if (connection.users > 0) return;
    this.#connections.delete(peer);
    connection.client.connections -= 1;
    if (connection.client.connections === 0) this.#clients.delete(addressOf(peer));
  }

  /** Opens the account of a call; of a connection that somebody else has accepted too. */
  call(peer: string): CallAccount {
    return new OpenAccount(this.connected(peer), () => this.disconnected(peer));
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
