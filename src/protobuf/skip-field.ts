import type { Reader } from 'protobufjs';

const START_GROUP = 3;

/**
 * Steps over the value of a field that is of no interest. Not over a group, which no message of proto3 has: it may
 * nest, and would be looked through to its end.
 * @throws Error for a group, and where the bytes end before the value does
 */
export function skipField(reader: Reader, tag: number): void {
  const wireType = tag & 7;
  if (wireType === START_GROUP) throw new Error(`there is a group at offset ${reader.pos}`);
  reader.skipType(wireType);
}
