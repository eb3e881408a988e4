import { setTimeout } from 'node:timers/promises';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Attack, Stage, Strike } from '../attack.js';
import { aborted } from '../pace.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { deltaRequest, node } from '../wire/messages.js';
import { ADS } from '../wire/services.js';

/** Services whose load assignments fill every buffer between server and client. */
export const LARGE = Object.fromEntries(
  Array.from({ length: 2_000 }, (_, service) => [
    `large-${service}`,
    Array.from({ length: 20 }, (_, n) => ({ host: '127.0.0.1', port: 1_000 + n })),
  ]),
);

const large = (limits?: Readonly<Record<string, number | string>>) => (): Stage => ({
  config: { discovery: { file: { path: 'services.json' } }, ...(limits && { limits }) },
  files: { 'services.json': JSON.stringify({ services: LARGE }) },
});

interface Readers {
  readonly streams: number;
  /** Streams that share a connection. */
  readonly together: number;
  /** Bytes that the client takes before it has read them. */
  readonly window?: number;
}

/** Streams that subscribe to everything and read nothing. */
const slowReaders =
  ({ streams, together, window }: Readers): Strike =>
  async (target, signal, tell) => {
    let cut = 0;
    let opened = 0;
    const connections: GrpcConnection[] = [];
    tell(() => `${opened} streams, ${cut} cut off by the server`);
    const settings = window === undefined ? {} : { initialWindowSize: window };
    while (opened < streams && !signal.aborted) {
      const connection = new GrpcConnection(target, { settings });
      connections.push(connection);
      await connection.ready();
      for (let n = 0; n < Math.min(together, connection.concurrency); n += 1) {
        const call = connection.call(`${ADS}/DeltaAggregatedResources`);
        if (call === undefined) break;
        call.stream.pause();
        void call.ended.then(() => {
          if (!signal.aborted) cut += 1;
        });
        const sender = node({ id: `slow-${opened}` });
        await call.write(framed(deltaRequest({ node: sender, typeUrl: TYPE_URL.cluster })));
        await call.write(framed(deltaRequest({ typeUrl: TYPE_URL.endpoints, subscribe: ['*'] })));
        opened += 1;
      }
      await setTimeout(5);
    }
    await aborted(signal);
    for (const connection of connections) connection.close();
  };

export const UNREAD: readonly Attack[] = [
  {
    name: '100 streams that do not read, with a limit of 256 KiB for 2 s',
    stage: large({ queued_bytes: 256 * 1_024, queued_time: '2s' }),
    strike: slowReaders({ streams: 100, together: 1 }),
  },
  {
    name: '100 streams that do not read',
    stage: large(),
    strike: slowReaders({ streams: 100, together: 1 }),
  },
  {
    name: '1,000 streams with a window of 0 over 10 connections',
    stage: large(),
    strike: slowReaders({ streams: 1_000, together: 100, window: 0 }),
  },
];
