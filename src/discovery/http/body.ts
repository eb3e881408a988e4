import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../errors.js';

/** An answer's body cannot be taken as it is. */
export class BodyError extends Error {}

/**
 * Reads a body to its end, or stops it where it is too large: a compressed one while it is decompressed.
 * @param most bytes, after decompression
 * @throws BodyError where it is larger, or is no gzip; the connection is closed then
 */
export async function readBody(body: Readable, isCompressed: boolean, most: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  let tooLarge: BodyError | undefined;
  const take = async (source: AsyncIterable<Buffer>) => {
    for await (const part of source) {
      size += part.length;
      if (size > most) {
        tooLarge = new BodyError(`it is larger than max_answer, ${most} bytes`);
        throw tooLarge;
      }
      parts.push(part);
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
  return Buffer.concat(parts, size).toString('utf8');
}

function isOfZlib(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_');
}
