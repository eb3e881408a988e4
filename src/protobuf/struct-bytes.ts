import protobuf from 'protobufjs';
import { SignalboxError } from '../errors.js';
import { skipField } from './skip-field.js';
import { lengthDelimited, text } from './wire.js';

// The wire format of `google.protobuf.Struct`, as its proto numbers the fields:
// https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/struct.proto

/** How much of somebody else's struct is read. */
export interface StructBounds {
  /** The most levels of structs and lists; the struct itself is the first. */
  readonly nesting: number;
  /** The most values, those of all levels together. */
  readonly values: number;
}

/**
 * Reads an encoded `google.protobuf.Struct` as a plain object. Where a key stands twice the last one counts.
 * @throws SignalboxError `request_too_large` for one beyond the bounds, before it is read to its end
 * @throws Error for bytes that are none
 */
export function readStruct(bytes: Uint8Array, bounds: StructBounds): Record<string, unknown> {
  const reader = new StructReader(bytes, bounds);
  return reader.struct(bytes.length, 1);
}

class StructReader {
  readonly #reader: protobuf.Reader;
  #values = 0;

  constructor(
    bytes: Uint8Array,
    private readonly bounds: StructBounds,
  ) {
    this.#reader = protobuf.Reader.create(bytes);
  }

  struct(end: number, level: number): Record<string, unknown> {
    this.#enter(level);
    const entries: [string, unknown][] = [];
    this.#fields(end, (field, length) => {
      if (field !== 1) return false;
      entries.push(this.#entry(length, level));
      return true;
    });
    return Object.fromEntries(entries);
  }

  #entry(end: number, level: number): [string, unknown] {
    let key = '';
    let value: unknown = null;
    this.#value();
    this.#fields(end, (field, inner) => {
      if (field === 1) key = this.#text(inner);
      else if (field === 2) value = this.#kind(inner, level);
      else return false;
      return true;
    });
    return [key, value];
  }

  #list(end: number, level: number): unknown[] {
    this.#enter(level);
    const values: unknown[] = [];
    this.#fields(end, (field, inner) => {
      if (field !== 1) return false;
      this.#value();
      values.push(this.#kind(inner, level));
      return true;
    });
    return values;
  }

  /** A `google.protobuf.Value`; one without any kind is null. */
  #kind(end: number, level: number): unknown {
    const reader = this.#reader;
    let value: unknown = null;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === TAG.null) {
        reader.skipType(0);
        value = null;
      } else if (tag === TAG.number) value = reader.double();
      else if (tag === TAG.text) value = this.#text(this.#end(end));
      else if (tag === TAG.flag) value = reader.bool();
      else if (tag === TAG.struct) value = this.struct(this.#end(end), level + 1);
      else if (tag === TAG.list) value = this.#list(this.#end(end), level + 1);
      else skipField(reader, tag);
    }
    this.#at(end);
    return value;
  }

  /** @param take reads a length-delimited field that ends there, or says with false that it is of no interest */
  #fields(end: number, take: (field: number, end: number) => boolean): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if ((tag & 7) !== 2) {
        skipField(reader, tag);
        continue;
      }
      const inner = this.#end(end);
      if (!take(tag >>> 3, inner)) reader.skip(inner - reader.pos);
    }
    this.#at(end);
  }

  /** Where a length-delimited field ends, of which the length comes next. */
  #end(outer: number): number {
    const end = this.#reader.uint32() + this.#reader.pos;
    if (end > outer) throw new Error(`a part of a struct is longer than the whole, at ${this.#reader.pos}`);
    return end;
  }

  #at(end: number): void {
    if (this.#reader.pos !== end)
      throw new Error(`a part of a struct ends at ${this.#reader.pos}, not ${end}`);
  }

  /** Bytes that are no UTF-8 become replacement characters, so that the text can be written again. */
  #text(end: number): string {
    const reader = this.#reader;
    const start = reader.pos;
    reader.skip(end - start);
    return Buffer.from(reader.buf.buffer, reader.buf.byteOffset + start, end - start).toString();
  }

  #enter(level: number): void {
    if (level <= this.bounds.nesting) return;
    throw new SignalboxError(
      'request_too_large',
      `a struct may be nested ${this.bounds.nesting} levels deep`,
    );
  }

  #value(): void {
    this.#values += 1;
    if (this.#values <= this.bounds.values) return;
    throw new SignalboxError('request_too_large', `a struct may have ${this.bounds.values} values`);
  }
}

/** Fields of `google.protobuf.Value` with their wire types. */
const TAG = { null: 0x08, number: 0x11, text: 0x1a, flag: 0x20, struct: 0x2a, list: 0x32 } as const;

/** A plain object, such as {@link readStruct} makes, as an encoded `google.protobuf.Struct`. */
export function encodeStruct(plain: Readonly<Record<string, unknown>>): Buffer {
  const entries = Object.entries(plain).map(([key, value]) =>
    lengthDelimited(1, Buffer.concat([text(1, key), lengthDelimited(2, encodeValue(value))])),
  );
  return Buffer.concat(entries);
}

function encodeValue(plain: unknown): Buffer {
  if (typeof plain === 'string') return text(3, plain);
  if (typeof plain === 'boolean') return Buffer.from([TAG.flag, plain ? 1 : 0]);
  if (typeof plain === 'number') {
    const bytes = Buffer.alloc(9);
    bytes[0] = TAG.number;
    bytes.writeDoubleLE(plain, 1);
    return bytes;
  }
  if (Array.isArray(plain)) {
    const values = plain.map((value) => lengthDelimited(1, encodeValue(value)));
    return lengthDelimited(6, Buffer.concat(values));
  }
  if (typeof plain === 'object' && plain !== null) return lengthDelimited(5, encodeStruct({ ...plain }));
  return Buffer.from([TAG.null, 0]);
}
