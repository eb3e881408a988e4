import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { CallError } from './call-status.js';

const INFLATERS = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** The encodings of messages that can be read, as a header says it. */
export const ENCODINGS = ['identity', ...Object.keys(INFLATERS)].join(',');

/**
 * Decompresses a message.
 * @param encoding what the client's `grpc-encoding` says
 * @param most bytes of the result
 * @throws CallError
 */
export async function inflated(bytes: Buffer, encoding: unknown, most: number): Promise<Buffer> {
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new CallError(status.UNIMPLEMENTED, `compressed messages may be encoded as ${ENCODINGS}`);
  try {
    return await INFLATERS[encoding](bytes, { maxOutputLength: most });
  } catch {
    throw new CallError(
      status.RESOURCE_EXHAUSTED,
      `a message cannot be decompressed, or has more than ${most} bytes then`,
    );
  }
}
