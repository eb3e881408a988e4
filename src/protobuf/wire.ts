// The wire format at the level of fields: https://protobuf.dev/programming-guides/encoding/
// Messages are composed here of parts that are encoded already.

/** The head of a length-delimited field: its tag and the length of what follows. */
export function lengthDelimitedHead(field: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(varintLength(field * 8 + 2) + varintLength(length));
  writeVarint(head, writeVarint(head, 0, field * 8 + 2), length);
  return head;
}

/** A length-delimited field: a message, bytes or a string. */
export function lengthDelimited(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([lengthDelimitedHead(field, bytes.length), bytes]);
}

export function text(field: number, value: string): Buffer {
  return lengthDelimited(field, Buffer.from(value));
}

/** A repeated string field. */
export function texts(field: number, values: readonly string[]): Buffer {
  let length = 0;
  for (const value of values) {
    const bytes = Buffer.byteLength(value);
    length += varintLength(field * 8 + 2) + varintLength(bytes) + bytes;
  }
  const encoded = Buffer.allocUnsafe(length);
  let place = 0;
  for (const value of values) {
    place = writeVarint(encoded, writeVarint(encoded, place, field * 8 + 2), Buffer.byteLength(value));
    place += encoded.write(value, place);
  }
  return encoded;
}

/** A varint field with a value that is not negative. */
export function varint(field: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintLength(field * 8) + varintLength(value));
  writeVarint(bytes, writeVarint(bytes, 0, field * 8), value);
  return bytes;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

function writeVarint(bytes: Buffer, offset: number, value: number): number {
  let place = offset;
  let rest = value;
  while (rest > 127) {
    bytes[place++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[place++] = rest;
  return place;
}
