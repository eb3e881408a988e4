import type { Attack, Strike } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { field, node, numberField } from '../wire/messages.js';
import { LRS } from '../wire/services.js';

const MIB = 2 ** 20;

/** Statistics of one cluster with one instance in one locality. */
function clusterStats(name: string, instance: number): Buffer {
  const address = field(1, Buffer.concat([field(2, '10.0.0.1'), numberField(3, instance % 65_536)]));
  const endpoint = Buffer.concat([field(1, address), numberField(2, 1)]);
  const locality = Buffer.concat([numberField(2, 1), field(7, endpoint)]);
  const interval = numberField(1, 10);
  return field(2, Buffer.concat([field(1, name), field(2, locality), field(4, interval)]));
}

function report(cluster: (n: number) => string): Buffer {
  const parts: Buffer[] = [];
  for (let n = 0, bytes = 0; bytes < 15 * MIB; n += 1) {
    const part = clusterStats(cluster(n), n);
    bytes += part.length;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** One report after the other, faster than the server has asked for them. */
const reports =
  (body: () => Buffer, streams: number): Strike =>
  async (target, signal, tell) => {
    const ends = new Tally();
    let sent = 0;
    tell(() => `${sent} reports of ${(message.length / MIB).toFixed(1)} MiB; streams ended: ${ends}`);
    const message = framed(body());
    await lanes(streams, signal, async (lane) => {
      const connection = new GrpcConnection(target);
      const call = connection.call(LRS)?.drain();
      await call?.write(framed(field(1, node({ id: `attacker-${lane}` }))));
      while (!signal.aborted && (await call?.write(message)) === true) sent += 1;
      if (!signal.aborted) ends.add(call?.status ?? connection.closed ?? 'stalled');
      connection.close();
    });
  };

export const LOAD_REPORTS: readonly Attack[] = [
  {
    name: 'load reports of 15 MiB, invented clusters',
    strike: reports(() => report((n) => `cluster-${n}`), 1),
  },
  { name: 'load reports of 15 MiB, one real cluster', strike: reports(() => report(() => 'service-1'), 1) },
  { name: 'load reports of 15 MiB on 10 streams', strike: reports(() => report((n) => `cluster-${n}`), 10) },
  {
    name: 'small load reports without end',
    strike: reports(() => clusterStats('service-1', 1), 4),
  },
];
