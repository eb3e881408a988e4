import protobuf from 'protobufjs';
import { SignalboxError } from '../errors.js';
import { skipField } from '../protobuf/skip-field.js';

/** Fields of a request, where a list counts as one: more are none of the protocol's. */
export const MOST_FIELDS = 1_000;
/** The wire type of texts and messages. */
const DELIMITED = 2;

/** The fields of a request, one after the other. A run of equal ones, which a list is, can be taken as a whole. */
export class Fields {
  readonly reader: protobuf.Reader;
  number = 0;
  #tag = 0;
  #start = 0;
  #fields = 0;
  #entries = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly most: number,
  ) {
    this.reader = protobuf.Reader.create(bytes);
  }

  /** Bytes of the whole request. */
  get length(): number {
    return this.bytes.length;
  }

  /** Goes to the next field; false where there is none. */
  next(): boolean {
    const { reader } = this;
    if (reader.pos >= reader.len) return false;
    this.#fields += 1;
    if (this.#fields > MOST_FIELDS) throw new Error(`a request has more than ${MOST_FIELDS} fields`);
    this.#start = reader.pos;
    this.#tag = reader.uint32();
    this.number = this.#tag >>> 3;
    return true;
  }

  skip(): void {
    skipField(this.reader, this.#tag);
  }

  /**
   * Steps over this field, and over those with the same tag that follow it.
   * @param check is given the length of each, bytes, where they are texts or messages
   */
  skipRun(check?: (length: number) => void): Uint8Array {
    const { reader, bytes } = this;
    const tag = this.#tag;
    for (;;) {
      if (check !== undefined && (tag & 7) === DELIMITED) {
        const length = reader.uint32();
        check(length);
        reader.skip(length);
      } else skipField(reader, tag);
      this.#entries += 1;
      if (this.#entries > this.most) {
        const details = `a request may have ${this.most} resource names and versions, this one has more`;
        throw new SignalboxError('request_too_large', details);
      }
      // The tags of all lists have one byte.
      if (tag > 127 || reader.pos >= reader.len || bytes[reader.pos] !== tag) break;
      reader.pos += 1;
    }
    return bytes.subarray(this.#start, reader.pos);
  }

  /** Steps over a run that is this one, byte by byte; false where it is another. */
  skipKnown(run: Uint8Array): boolean {
    const end = this.#start + run.length;
    if (end > this.bytes.length || this.bytes[end] === this.#tag) return false;
    if (Buffer.compare(this.bytes.subarray(this.#start, end), run) !== 0) return false;
    this.reader.pos = end;
    return true;
  }
}
