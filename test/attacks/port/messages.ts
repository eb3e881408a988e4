import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Attack, Strike } from '../attack.js';
import { aborted, lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection, prefix } from '../wire/grpc.js';
import { ManyCalls } from '../wire/many-calls.js';
import { ADS, METHODS } from '../wire/services.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const PATH = `${ADS}/DeltaAggregatedResources`;

const gigabyte: Strike = async (target, signal, tell) => {
  const results = new Tally();
  let most = 0;
  tell(() => ({
    text: `${results}; at most ${(most / MIB).toFixed(0)} MiB were sent of one`,
    wrong:
      results.all > results.of('RESOURCE_EXHAUSTED') ? 'not every answer is RESOURCE_EXHAUSTED' : undefined,
  }));
  const part = Buffer.alloc(256 * 1_024, 1);
  while (!signal.aborted) {
    const connection = new GrpcConnection(target);
    const call = connection.call(PATH)?.drain();
    if (call === undefined) continue;
    await call.write(prefix(GIB));
    let sent = 0;
    while (sent < GIB && !signal.aborted && (await call.write(part))) sent += part.length;
    most = Math.max(most, sent);
    // The answer may still be on its way.
    await Promise.race([call.ended, setTimeout(200)]);
    if (!signal.aborted) results.add(call.status ?? 'no answer');
    connection.close();
    await setTimeout(20);
  }
};

/** Messages of nearly 16 MB whose last byte never comes. */
const half: Strike = async (target, signal, tell) => {
  const calls = new ManyCalls(target, PATH);
  let sent = 0;
  tell(() => `${calls}; ${(sent / MIB).toFixed(0)} MiB sent`);
  const part = Buffer.alloc(256 * 1_024, 1);
  const pending: Promise<void>[] = [];
  await calls.openAll(200, signal, async (call) => {
    call.drain();
    await call.write(prefix(15 * MIB));
    const trickle = async () => {
      for (let n = 0; n < 59 && !signal.aborted && (await call.write(part)); n += 1) {
        sent += part.length;
        await setTimeout(10);
      }
    };
    pending.push(trickle());
  });
  await Promise.all(pending);
  await aborted(signal);
  calls.close();
};

/** Messages of 16 KB that inflate to 16 MB and more. */
const inflating =
  (bytes: number): Strike =>
  async (target, signal, tell) => {
    const message = framed(gzipSync(Buffer.alloc(bytes)), 1);
    const results = new Tally();
    tell(() => `${results}; each ${(message.length / 1_024).toFixed(0)} KiB on the wire`);
    await lanes(4, signal, async () => {
      const connection = new GrpcConnection(target);
      const calls = METHODS.map(async (path) => {
        const call = connection.call(path, { 'grpc-encoding': 'gzip' })?.drain();
        if (call === undefined) return;
        call.stream.end(message);
        await Promise.race([call.ended, setTimeout(2_000, undefined, { ref: false })]);
        results.add(call.status ?? 'no answer');
      });
      await Promise.all(calls);
      connection.close();
    });
  };

export const MESSAGES: readonly Attack[] = [
  { name: 'a message of 1 GB', strike: gigabyte },
  { name: '200 streams with half a message of 15 MiB each', strike: half },
  { name: 'messages that inflate to 16 MiB', strike: inflating(16 * MIB) },
  { name: 'messages that inflate to 200 MiB', strike: inflating(200 * MIB) },
];
