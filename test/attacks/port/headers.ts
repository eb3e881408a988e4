import { randomBytes } from 'node:crypto';
import type { Attack, Strike } from '../attack.js';
import { aborted, lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { GrpcConnection } from '../wire/grpc.js';
import { ManyCalls } from '../wire/many-calls.js';
import { ADS } from '../wire/services.js';

const PATH = `${ADS}/DeltaAggregatedResources`;

const bomb: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => `1 MB of headers, again and again: ${results}`);
  const headers = Object.fromEntries(
    Array.from({ length: 250 }, (_, n) => [`x-bomb-${n}`, 'b'.repeat(4_000)]),
  );
  await lanes(1, signal, async () => {
    const connection = new GrpcConnection(target, { maxSendHeaderBlockLength: 64 * 2 ** 20 });
    await connection.call(PATH, headers)?.drain().ended;
    results.add(connection.closed ?? 'the call ended');
    connection.close();
  });
};

/** As much as a call may have, on many calls that stay open. */
const many: Strike = async (target, signal, tell) => {
  const calls = new ManyCalls(target, PATH);
  tell(() => String(calls));
  // Random, so that the connection's table of headers is of no help.
  const headers = () =>
    Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`x-${n}`, randomBytes(1_000).toString('hex')]));
  await calls.openAll(2_000, signal, async (call) => await Promise.resolve(call.drain()), headers);
  await aborted(signal);
  calls.close();
};

const STRANGE: readonly Readonly<Record<string, string>>[] = [
  { ':path': `/${'p'.repeat(8_000)}` },
  { ':path': '/a/b/c/d' },
  { ':path': '//' },
  { ':method': 'GET' },
  { 'content-type': 'text/html' },
  { 'content-type': `application/grpc+${'x'.repeat(1_000)}` },
  { 'grpc-timeout': '99999999999999H' },
  { 'grpc-timeout': '0n' },
  { 'grpc-encoding': 'no-such' },
  { 'grpc-accept-encoding': ','.repeat(8_000) },
  { authorization: `Bearer ${' '.repeat(8_000)}` },
  { 'trace-bin': '!not base64!' },
  { ':authority': 'a'.repeat(8_000) },
];

const strange: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => String(results));
  await lanes(4, signal, async () => {
    const connection = new GrpcConnection(target);
    for (const headers of STRANGE) {
      const call = connection.call(PATH, headers)?.drain();
      call?.stream.end();
      results.add((await call?.ended) ?? `the connection: ${connection.closed}`);
    }
    connection.close();
  });
};

export const HEADERS: readonly Attack[] = [
  { name: 'a header bomb', strike: bomb },
  { name: '2,000 open calls with 16 KB of headers each', strike: many },
  { name: 'calls with strange headers', strike: strange },
];
