import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Attack, Strike } from '../attack.js';
import { aborted, lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { ManyCalls } from '../wire/many-calls.js';
import { deepStruct, deltaRequest, field, node, wideStruct } from '../wire/messages.js';
import { ADS, CSDS, LRS } from '../wire/services.js';

const PATH = `${ADS}/DeltaAggregatedResources`;
const KIB = 2 ** 10;

/** Nodes with deep metadata, of each depth in turn, and the question that shows them. */
const deep =
  (depths: readonly number[]): Strike =>
  async (target, signal, tell) => {
    const streams = new Tally();
    const questions = new Tally();
    tell(() => `streams: ${streams}; questions: ${questions}`);
    const nodes = depths.map((depth) => node({ id: 'deep', metadata: deepStruct(depth) }));
    let n = 0;
    await lanes(1, signal, async () => {
      const sender = nodes[n % nodes.length];
      n += 1;
      const connection = new GrpcConnection(target);
      const call = connection.call(PATH);
      const report = connection.call(LRS)?.drain();
      if (call === undefined || sender === undefined) return;
      const answered = new Promise<void>((done) => call.read(() => done()));
      await call.write(framed(deltaRequest({ node: sender, typeUrl: TYPE_URL.cluster })));
      await report?.write(framed(field(1, sender)));
      // The question shows the node only after its first request has been read.
      await Promise.race([answered, call.ended]);
      questions.add(
        (await connection.call(`${CSDS}/FetchClientStatus`)?.ask(Buffer.alloc(0))) ?? 'no connection',
      );
      streams.add(call.status ?? connection.closed ?? 'open');
      connection.close();
    });
  };

/** Streams with large nodes that stay open. */
const large =
  (count: number, bytes: number): Strike =>
  async (target, signal, tell) => {
    const calls = new ManyCalls(target, PATH);
    tell(() => String(calls));
    const metadata = wideStruct(bytes);
    await calls.openAll(count, signal, async (call, n) => {
      call.drain();
      const sender = node({ id: `attacker-${n}`, metadata });
      await call.write(
        framed(deltaRequest({ node: sender, typeUrl: TYPE_URL.endpoints, subscribe: [`no-such-${n}`] })),
      );
    });
    await aborted(signal);
    calls.close();
  };

/** Streams with the largest first message, one after the other. */
const first: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => `first messages of 15 MiB: ${results}`);
  const sender = node({ id: 'attacker', metadata: wideStruct(15 * 2 ** 20) });
  const message = framed(deltaRequest({ node: sender, typeUrl: TYPE_URL.endpoints, subscribe: ['no-such'] }));
  await lanes(2, signal, async () => {
    const connection = new GrpcConnection(target);
    const call = connection.call(PATH)?.drain();
    await call?.write(message);
    call?.stream.end();
    results.add((await call?.ended) ?? 'no call');
    connection.close();
  });
};

export const NODES: readonly Attack[] = [
  {
    name: 'nodes with metadata 20 to 60 deep, and CSDS',
    strike: deep(Array.from({ length: 41 }, (_, n) => n + 20)),
  },
  { name: 'nodes with metadata 5,000 deep, and CSDS', strike: deep([5_000]) },
  { name: '200 streams with nodes of 1 MiB', strike: large(200, 1_024 * KIB) },
  {
    name: '10,000 streams with nodes of 16 KiB',
    stage: () => ({ fromOutside: true }),
    strike: large(10_000, 16 * KIB),
  },
  { name: 'first messages of 15 MiB without end', strike: first },
];
