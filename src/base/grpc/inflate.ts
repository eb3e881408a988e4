import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { OneByOne } from '../one-by-one.js';
import { CallError } from './call-status.js';

/** Bytes of a piece of the result: each small one is a round of the event loop. */
const CHUNK = 128 * 1024;
const INFLATERS = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** The encodings of messages that can be read, as a header says it. */
export const ENCODINGS = ['identity', ...Object.keys(INFLATERS)].join(',');

/**
 * Decompresses the messages of all connections, one at a time: each takes a thread, and twice the memory of its result.
 */
export class Inflater {
  readonly #oneByOne = new OneByOne();

  /** A connection takes turns with the others, so that a queue of one connection does not delay them. */
  ofConnection(): Inflate {
    const own = new OneByOne();
    return async (message) =>
      await own.run(async () => await this.#oneByOne.run(async () => await inflated(message)));
  }
}

interface CompressedMessage {
  readonly bytes: Buffer;
  /** What the client's `grpc-encoding` says. */
  readonly encoding: unknown;
  /** Bytes of the result. */
  readonly most: number;
  /** Whether the call has ended in the meantime. */
  readonly unwanted: () => boolean;
}

/** @returns undefined for an unwanted message. @throws CallError */
export type Inflate = (message: CompressedMessage) => Promise<Buffer | undefined>;

async function inflated({ bytes, encoding, most, unwanted }: CompressedMessage): Promise<Buffer | undefined> {
  if (unwanted()) return undefined;
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new CallError(status.UNIMPLEMENTED, `compressed messages may be encoded as ${ENCODINGS}`);
  try {
    return await INFLATERS[encoding](bytes, { maxOutputLength: most, chunkSize: CHUNK });
  } catch {
    throw new CallError(
      status.RESOURCE_EXHAUSTED,
      `a message cannot be decompressed, or has more than ${most} bytes then`,
    );
  }
}
