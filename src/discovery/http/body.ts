import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../errors.js';
import { PackedBytes } from './packed-bytes.js';

/** An answer's body cannot be taken as it is. */
export class BodyError extends Error {}

/**
 * Reads a body to its end, or stops it where it is too large: a compressed one while it is decompressed.
 * @param most bytes, after decompression
 * @throws BodyError where it is larger, or is no gzip; the connection is closed then
 */
export async function readBody(body: Readable, isCompressed: boolean, most: number): Promise<string> {
  const bytes = new PackedBytes();
  let tooLarge: BodyError | undefined;
  const take = async (source: AsyncIterable<Buffer>) => {
    for await (const part of source) {
      if (bytes.size + part.length > most) {
        tooLarge = new BodyError(`it is larger than max_answer, ${most} bytes`);
        throw tooLarge;
      }
      await bytes.add(part);
    }
  };
  try {
    if (isCompressed) await pipeline(body, createGunzip(), take);
    else await pipeline(body, take);
  } catch (thrown) {
    // The end of the streams before may be told in its place.
    if (tooLarge !== undefined) throw tooLarge;
    throw isOfZlib(thrown) ? new BodyError(`broken gzip: ${messageOf(thrown)}`) : thrown;
  }
  return await bytes.text();
}

function isOfZlib(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_');
}
