import type { Attack, Strike } from '../attack.js';
import { aborted } from '../pace.js';
import { Tally } from '../tally.js';
import { callHeaders } from '../wire/frames.js';
import { framed } from '../wire/grpc.js';
import { RawCalls } from '../wire/raw-calls.js';
import { ADS, HEALTH, LRS } from '../wire/services.js';

const MANY = 50_000;
/** Calls on one connection, where the server allows as many. */
const A_CONNECTION = 1_000;

/** Calls that stay open and say nothing more. */
const held =
  (path: string, message?: Uint8Array): Strike =>
  async (target, signal, tell) => {
    const ends = new Tally();
    const connections: RawCalls[] = [];
    const opened = () => connections.reduce((sum, { opened }) => sum + opened, 0);
    const open = () =>
      connections.reduce((sum, { open, closed }) => sum + (closed === undefined ? open : 0), 0);
    tell(() => ({
      text: `${opened()} calls over ${connections.length} connections, ${open()} open; connections ended: ${ends}`,
      wrong: open() >= MANY ? 'all calls are open' : undefined,
    }));
    const call = {
      headers: callHeaders(path),
      ...(message !== undefined && { body: framed(message) }),
      ends: message !== undefined,
    };
    while (opened() < MANY && !signal.aborted) {
      const connection = new RawCalls(target);
      connections.push(connection);
      await connection.begin();
      const count = Math.min(connection.concurrency, A_CONNECTION, MANY - opened());
      await connection.openMany(count, count, call, signal);
      if (connection.closed !== undefined) ends.add(connection.closed);
    }
    await aborted(signal);
    for (const connection of connections) connection.close();
  };

const outside = () => ({ fromOutside: true });

export const HELD: readonly Attack[] = [
  { name: '50,000 health watches', stage: outside, strike: held(`${HEALTH}/Watch`, Buffer.alloc(0)) },
  { name: '50,000 unfinished health checks', stage: outside, strike: held(`${HEALTH}/Check`) },
  { name: '50,000 load report streams that say nothing', stage: outside, strike: held(LRS) },
  {
    name: '50,000 discovery streams that say nothing',
    stage: outside,
    strike: held(`${ADS}/DeltaAggregatedResources`),
  },
];
