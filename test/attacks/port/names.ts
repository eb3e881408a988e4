import { setTimeout } from 'node:timers/promises';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Variant } from '../../conformance/variant.js';
import type { Attack, Strike } from '../attack.js';
import { aborted } from '../pace.js';
import { Tally } from '../tally.js';
import { Asker } from '../wire/asker.js';
import { framed } from '../wire/grpc.js';
import { ManyCalls } from '../wire/many-calls.js';
import { deltaRequest, node } from '../wire/messages.js';
import { ADS } from '../wire/services.js';

const MILLION = 1_000_000;
const KIB = 2 ** 10;
const MIB = 2 ** 20;
/** Streams that send at a time. */
const AT_ONCE = 10;
const NODE = { id: 'attacker', cluster: 'attack' };

const names = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `no-such-service-${from + n}`);

/** SotW repeats all names with each request; delta says the new ones. */
const million =
  (protocol: Variant['protocol']): Strike =>
  async (target, signal, tell) => {
    const asker = new Asker(protocol, target);
    let sent = 0;
    tell(() => `${sent} names in ${asker}`);
    const part = MILLION / 10;
    while (sent < MILLION && asker.ended === undefined && !signal.aborted) {
      const request =
        protocol === 'sotw' ? { names: names(0, sent + part) } : { subscribe: names(sent, sent + part) };
      await asker.ask({ typeUrl: TYPE_URL.endpoints, node: NODE, ...request });
      sent += part;
      await setTimeout(100);
    }
    await aborted(signal);
    asker.close();
  };

const otherNames =
  (protocol: Variant['protocol']): Strike =>
  async (target, signal, tell) => {
    const asker = new Asker(protocol, target);
    tell(() => String(asker));
    // As many as a request may have; delta names also those that it lets go.
    const size = protocol === 'sotw' ? 100_000 : 50_000;
    for (let round = 0; asker.ended === undefined && !signal.aborted; round += 1) {
      const now = names(round * size, (round + 1) * size);
      const before = round === 0 ? [] : names((round - 1) * size, round * size);
      const request = protocol === 'sotw' ? { names: now } : { subscribe: now, unsubscribe: before };
      await asker.ask({ typeUrl: TYPE_URL.endpoints, node: NODE, ...request });
      await setTimeout(100);
    }
    await aborted(signal);
    asker.close();
  };

interface LongNames {
  readonly streams: number;
  readonly requests: number;
  /** Names of a request, and the bytes of each. */
  readonly names: number;
  readonly bytes: number;
}

/** Streams that stay open. Every name is another one, so that the server cannot share them. */
const longNames =
  ({ streams, requests, names, bytes }: LongNames): Strike =>
  async (target, signal, tell) => {
    const askers: Asker[] = [];
    let sent = 0;
    tell(() => {
      const ends = new Tally();
      for (const { ended } of askers) ends.add(ended ?? 'open');
      return `${((sent * names * bytes) / MIB).toFixed(0)} MiB of names sent; ${askers.length} streams: ${ends}`;
    });
    const send = async (stream: number) => {
      const asker = new Asker('delta', target);
      askers.push(asker);
      for (let request = 0; request < requests && !signal.aborted; request += 1) {
        const subscribe = Array.from({ length: names }, (_, n) => {
          const name = Buffer.alloc(bytes, 'n');
          name.write(`${stream}-${request}-${n}-`);
          return name;
        });
        const body = deltaRequest({ typeUrl: TYPE_URL.endpoints, node: node(NODE), subscribe });
        if (!(await asker.send(body))) break;
        sent += 1;
      }
    };
    let next = 0;
    const lane = async () => {
      while (next < streams && !signal.aborted) {
        next += 1;
        await send(next);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    await aborted(signal);
    for (const asker of askers) asker.close();
  };

/** Versions that a proxy claims to have, on streams that stay open. */
const knownVersions =
  (streams: number, versions: number, bytes: number): Strike =>
  async (target, signal, tell) => {
    const calls = new ManyCalls(target, `${ADS}/DeltaAggregatedResources`);
    tell(() => String(calls));
    await calls.openAll(streams, signal, async (call, stream) => {
      const known = Array.from({ length: versions }, (_, n) => {
        const version = Buffer.alloc(bytes, 'v');
        version.write(`${stream}-${n}-`);
        return [`no-such-${n}`, version] as const;
      });
      call.drain();
      await call.write(framed(deltaRequest({ node: node(NODE), typeUrl: TYPE_URL.endpoints, known })));
    });
    await aborted(signal);
    calls.close();
  };

export const NAMES: readonly Attack[] = [
  { name: 'a million subscriptions on a stream (delta)', strike: million('delta') },
  { name: 'a million subscriptions on a stream (SotW)', strike: million('sotw') },
  { name: '100,000 other names ten times a second (delta)', strike: otherNames('delta') },
  { name: '100,000 other names ten times a second (SotW)', strike: otherNames('sotw') },
  {
    name: '30 delta streams with 20 names of 1 MiB each',
    strike: longNames({ streams: 30, requests: 2, names: 10, bytes: MIB }),
  },
  {
    name: 'a stream with 100,000 names of 4 KiB',
    strike: longNames({ streams: 1, requests: 25, names: 4_000, bytes: 4 * KIB - 10 }),
  },
  {
    name: '100 streams with 4,000 names of 1 KiB each',
    strike: longNames({ streams: 100, requests: 4, names: 1_000, bytes: KIB }),
  },
  { name: '40 streams with 10,000 known versions of 1 KiB each', strike: knownVersions(40, 10_000, KIB) },
];
