import { isUtf8 } from 'node:buffer';

const ZERO = Buffer.of(0);

/** The keys from `start` up to but not including `end`, both never empty: etcd's `key` and `range_end`. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

/**
 * Every key that begins with `prefix`: its end is the prefix with its last byte plus one, carried over 0xff. A lone
 * zero byte means, as a start, the first key of all and, as an end, no end.
 */
export function prefixRange(prefix: Buffer): KeyRange {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  const end = Buffer.from(prefix.subarray(0, length));
  if (length > 0) end.writeUInt8(end.readUInt8(length - 1) + 1, length - 1);
  return { start: prefix.length === 0 ? ZERO : prefix, end: length === 0 ? ZERO : end };
}

/** The first key after `key`. */
export function after(key: Buffer): Buffer {
  return Buffer.concat([key, ZERO]);
}

/** A key, or the part of it after a prefix, as text. Bytes that are no UTF-8 are shown as `\xff`, so that keys stay apart. */
export function keyText(key: Buffer, from = 0): string {
  const bytes = key.subarray(from);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes
    .toString('latin1')
    .replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
