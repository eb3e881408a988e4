import { setTimeout } from 'node:timers/promises';
import type { Target } from '../attack.js';
import { Tally } from '../tally.js';
import { type GrpcCall, GrpcConnection } from './grpc.js';

/** Calls on one connection at most, also where the server allows more. */
const A_CONNECTION = 1_000;
const A_TURN = 50;

/** Opens many calls and keeps them open, over as many connections as that takes. */
export class ManyCalls {
  /** How those ended that the server ended. */
  readonly ended = new Tally();
  opened = 0;
  connections = 0;
  readonly #connections: GrpcConnection[] = [];

  constructor(
    private readonly target: Target,
    private readonly path: string,
  ) {}

  /** The calls that are open. */
  get open(): number {
    return this.opened - this.ended.all;
  }

  /** @param begin says the first words on each call */
  async openAll(
    count: number,
    signal: AbortSignal,
    begin: (call: GrpcCall, n: number) => Promise<unknown> | undefined,
    headers: () => Readonly<Record<string, string>> = () => ({}),
  ): Promise<void> {
    while (this.opened < count && !signal.aborted) {
      const connection = new GrpcConnection(this.target);
      this.connections += 1;
      this.#connections.push(connection);
      await connection.ready();
      const room = Math.min(connection.concurrency, A_CONNECTION, count - this.opened);
      for (let n = 0; n < room && !signal.aborted; n += 1) {
        const call = connection.call(this.path, headers());
        if (call === undefined) break;
        this.opened += 1;
        void call.ended.then((status) => {
          if (!signal.aborted) this.ended.add(status);
        });
        await begin(call, this.opened - 1);
        if (n % A_TURN === A_TURN - 1) await setTimeout(1);
      }
      if (connection.closed !== undefined) {
        this.ended.add(`the connection: ${connection.closed}`);
        await setTimeout(10);
      }
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  toString(): string {
    const ended = this.ended.all === 0 ? 'none ended' : `ended: ${this.ended}`;
    return `${this.opened} calls over ${this.connections} connections, ${ended}`;
  }
}
