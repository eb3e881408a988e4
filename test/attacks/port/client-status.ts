import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Attack, Stage, Strike, Target } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { ManyCalls } from '../wire/many-calls.js';
import { deltaRequest, node, wideStruct } from '../wire/messages.js';
import { ADS, CSDS } from '../wire/services.js';
import { LARGE } from './unread.js';

const PATH = `${ADS}/DeltaAggregatedResources`;
const MIB = 2 ** 20;

interface Clients {
  readonly count: number;
  /** Bytes of each node's metadata. */
  readonly metadata: number;
  /** Subscribed names of a kilobyte each. */
  readonly names: number;
  /** Whether they subscribe to everything. */
  readonly wildcard: boolean;
}

/** Clients whose status makes a large answer. */
async function connected(target: Target, signal: AbortSignal, clients: Clients): Promise<ManyCalls> {
  const calls = new ManyCalls(target, PATH);
  const metadata = wideStruct(clients.metadata);
  const subscribe = Array.from({ length: clients.names }, (_, n) => `${n}-${'n'.repeat(1_000)}`);
  await calls.openAll(clients.count, signal, async (call, n) => {
    call.drain();
    const sender = node({ id: `attacker-${n}`, metadata });
    const wanted = clients.wildcard ? [] : subscribe;
    await call.write(framed(deltaRequest({ node: sender, typeUrl: TYPE_URL.cluster, subscribe: wanted })));
    if (clients.wildcard)
      await call.write(framed(deltaRequest({ typeUrl: TYPE_URL.endpoints, subscribe: ['*'] })));
  });
  return calls;
}

/** Questions one after the other, over four connections. */
const questions =
  (clients: Clients): Strike =>
  async (target, signal, tell) => {
    const results = new Tally();
    let most = 0;
    tell(() => `questions: ${results}; the largest answer had ${(most / MIB).toFixed(1)} MiB`);
    const calls = await connected(target, signal, clients);
    await lanes(4, signal, async () => {
      const connection = new GrpcConnection(target);
      while (!signal.aborted) {
        const call = connection.call(`${CSDS}/FetchClientStatus`);
        if (call === undefined) break;
        results.add(await call.ask(Buffer.alloc(0)));
        most = Math.max(most, call.received);
      }
      connection.close();
    });
    calls.close();
  };

/** Questions at full speed on streams whose answers nobody reads. */
const unread: Strike = async (target, signal, tell) => {
  const ends = new Tally();
  let asked = 0;
  tell(() => `${asked} questions; streams ended: ${ends}`);
  const calls = await connected(target, signal, { count: 20, metadata: 10_000, names: 100, wildcard: false });
  const question = Buffer.concat(Array.from({ length: 100 }, () => framed(Buffer.alloc(0))));
  await lanes(4, signal, async () => {
    const connection = new GrpcConnection(target);
    const call = connection.call(`${CSDS}/StreamClientStatus`);
    call?.stream.pause();
    while (!signal.aborted && (await call?.write(question)) === true) {
      asked += 100;
      await new Promise(setImmediate);
    }
    if (!signal.aborted) ends.add(call?.status ?? connection.closed ?? 'stalled');
    connection.close();
  });
  calls.close();
};

const large = (): Stage => ({
  config: { discovery: { file: { path: 'services.json' } } },
  files: { 'services.json': JSON.stringify({ services: LARGE }) },
});

export const CLIENT_STATUS: readonly Attack[] = [
  {
    name: 'CSDS about 100 nodes of 1 MiB',
    strike: questions({ count: 100, metadata: MIB, names: 1, wildcard: false }),
  },
  {
    name: 'CSDS about 1,000 nodes with 100 long names each',
    strike: questions({ count: 1_000, metadata: 1_000, names: 100, wildcard: false }),
  },
  {
    name: 'CSDS about 100 clients of 2,000 services each',
    stage: large,
    strike: questions({ count: 100, metadata: 100, names: 0, wildcard: true }),
  },
  { name: 'CSDS questions whose answers nobody reads', strike: unread },
];
