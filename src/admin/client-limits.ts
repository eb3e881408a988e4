import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ClientBudget, type Rate } from '../base/client-budget.js';
import { ClientCount } from '../xds/guard/client-count.js';

/** Open connections of all clients together, and of one address. */
const MOST_CONNECTIONS = 1_024;
const MOST_PER_ADDRESS = 128;
/** A flood must not make a supervisor restart the process. */
const PROBES: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz']);

/** What clients may take besides connections. */
export interface ClientAllowance {
  /** Of one address. */
  readonly calls: Rate;
  /** Of the process, for one address, in milliseconds. */
  readonly time: Rate;
  /** Bytes of answers that all clients together have not read. */
  readonly unread: number;
}

const ALLOWANCE: ClientAllowance = {
  calls: { burst: 2_000, perSecond: 500 },
  time: { burst: 5_000, perSecond: 500 },
  unread: 128 * 1024 * 1024,
};

/** Why a request is not answered. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What clients of the admin API may take: connections, calls, time, and memory for answers that they do not read. */
export class ClientLimits {
  readonly #sockets = new Set<Socket>();
  readonly #connections = new ClientCount(MOST_CONNECTIONS, MOST_PER_ADDRESS);
  readonly #calls: ClientBudget;
  readonly #time: ClientBudget;

  constructor(private readonly allowance = ALLOWANCE) {
    this.#calls = new ClientBudget(allowance.calls);
    this.#time = new ClientBudget(allowance.time);
  }

  /** Takes a new connection, or closes it. */
  connected(socket: Socket): void {
    const giveBack = this.#connections.take(addressOf(socket));
    if (typeof giveBack === 'string') {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      giveBack();
    });
  }

  /** Why a request is not answered; undefined where it is. */
  admit({ socket, url }: IncomingMessage): Refusal | undefined {
    this.#cutUnread(socket);
    if (PROBES.has(url)) return undefined;
    const [client, now] = [addressOf(socket), performance.now()];
    if (this.#time.take(client, 0, now) && this.#calls.take(client, 1, now)) return undefined;
    const { calls, time } = this.allowance;
    return {
      status: 429,
      error: `too many requests from this address: at most ${calls.perSecond} a second, and ${time.perSecond} ms of work`,
      headers: { 'retry-after': '1' },
    };
  }

  /** @param busy for how long an answer kept the process busy, milliseconds */
  charge({ socket }: IncomingMessage, busy: number): void {
    this.#time.charge(addressOf(socket), busy, performance.now());
  }

  /** Cuts the connections that hold the most, apart from the one that asks now. */
  #cutUnread(asking: Socket): void {
    const waiting = [...this.#sockets].filter((socket) => socket !== asking && socket.writableLength > 0);
    let unread = waiting.reduce((sum, { writableLength }) => sum + writableLength, 0);
    if (unread <= this.allowance.unread) return;
    for (const socket of waiting.toSorted((a, b) => b.writableLength - a.writableLength)) {
      if (unread <= this.allowance.unread) return;
      unread -= socket.writableLength;
      socket.destroy();
    }
  }
}

function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress;
}
