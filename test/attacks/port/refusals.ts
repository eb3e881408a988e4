import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { decodeResponse } from '../../conformance/wire.js';
import type { Attack, Strike } from '../attack.js';
import { aborted, lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { ManyCalls } from '../wire/many-calls.js';
import { deltaRequest, node } from '../wire/messages.js';
import { ADS } from '../wire/services.js';

const PATH = `${ADS}/DeltaAggregatedResources`;

/** Refuses (NACK) the last response again and again, with a long message. */
const refuses =
  (bytes: number, typeUrl: string): Strike =>
  async (target, signal, tell) => {
    const ends = new Tally();
    let sent = 0;
    tell(() => `${sent} refusals; streams ended: ${ends}`);
    const error = 'e'.repeat(bytes);
    await lanes(4, signal, async (lane) => {
      const connection = new GrpcConnection(target);
      let nonce = '';
      const call = connection.call(PATH)?.read((body) => {
        nonce = decodeResponse('delta', body).nonce;
      });
      await call?.write(framed(deltaRequest({ node: node({ id: `refuser-${lane}` }), typeUrl })));
      while (!signal.aborted) {
        const message = framed(deltaRequest({ typeUrl, nonce, error }));
        if ((await call?.write(message)) !== true) break;
        sent += 1;
        await new Promise(setImmediate);
      }
      if (!signal.aborted) ends.add(call?.status ?? connection.closed ?? 'stalled');
      connection.close();
    });
  };

/** One long refusal on each of many streams, which stay open. */
const kept =
  (streams: number, bytes: number): Strike =>
  async (target, signal, tell) => {
    const calls = new ManyCalls(target, PATH);
    let refused = 0;
    tell(() => `${calls}; ${refused} refusals`);
    await calls.openAll(streams, signal, async (call, n) => {
      const answer = new Promise<string>((done) =>
        call.read((body) => done(decodeResponse('delta', body).nonce)),
      );
      const typeUrl = TYPE_URL.cluster;
      await call.write(framed(deltaRequest({ node: node({ id: `refuser-${n}` }), typeUrl })));
      const nonce = await Promise.race([answer, call.ended]);
      // Another text on each, so that the server cannot share them.
      if (await call.write(framed(deltaRequest({ typeUrl, nonce, error: `${n}-${'e'.repeat(bytes)}` }))))
        refused += 1;
    });
    await aborted(signal);
    calls.close();
  };

export const REFUSALS: readonly Attack[] = [
  { name: 'refusals (NACK) of 16 KB without end', strike: refuses(16 * 1_024, TYPE_URL.cluster) },
  { name: 'refusals (NACK) of 1 MiB without end', strike: refuses(2 ** 20, TYPE_URL.cluster) },
  { name: '300 streams with a refusal (NACK) of 1 MiB each', strike: kept(300, 2 ** 20) },
];
