import { createHash } from 'node:crypto';

/** 96 bits of SHA-256 as three unsigned 32-bit numbers. */
export type Digest = readonly [number, number, number];

export const ZERO: Digest = [0, 0, 0];

/** The digest of texts and bytes, each kept apart from the next by its length. */
export function digest(...parts: readonly (string | Uint8Array)[]): Digest {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  const bytes = hash.digest();
  return [bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)];
}

/**
 * The digest of a set with one member more. Sums do not depend on an order, and a changed member costs one
 * subtraction and one addition, however large the set.
 */
export function plus(sum: Digest, member: Digest): Digest {
  return [(sum[0] + member[0]) >>> 0, (sum[1] + member[1]) >>> 0, (sum[2] + member[2]) >>> 0];
}

export function minus(sum: Digest, member: Digest): Digest {
  return [(sum[0] - member[0]) >>> 0, (sum[1] - member[1]) >>> 0, (sum[2] - member[2]) >>> 0];
}

/** 16 letters that are safe in URLs and logs. */
export function digestText(value: Digest): string {
  const bytes = Buffer.allocUnsafe(12);
  value.forEach((part, index) => {
    bytes.writeUInt32LE(part, index * 4);
  });
  return bytes.toString('base64url');
}
