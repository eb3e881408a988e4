const FIRST = 4_096;

/** Fields of the wire format, one after the other in one buffer that grows: for messages of very many small fields. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(FIRST);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; the buffer is the writer's own until the next field. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
  }

  varint(field: number, value: number): void {
    this.#reserve(2 * LONGEST_VARINT);
    this.#number(field * 8);
    this.#number(value);
  }

  /** A message whose `length` bytes the next fields are. */
  head(field: number, length: number): void {
    this.#reserve(2 * LONGEST_VARINT);
    this.#number(field * 8 + 2);
    this.#number(length);
  }

  delimited(field: number, bytes: Uint8Array): void {
    this.head(field, bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @param bytes the length of the text in UTF-8 */
  text(field: number, value: string, bytes = Buffer.byteLength(value)): void {
    this.head(field, bytes);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(value, this.#length);
  }

  #number(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Of what fits a double. */
const LONGEST_VARINT = 8;

/** How many bytes a length-delimited field takes whose number is at most 15. */
export function delimitedLength(length: number): number {
  let head = 2;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) head += 1;
  return head + length;
}
