import { StringDecoder } from 'node:string_decoder';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

/** Bytes that are kept uncompressed. Most answers are smaller. */
const PLAIN = 16 * 1024 * 1024;
/** Bytes that are compressed together. */
const BLOCK = 4 * 1024 * 1024;
const pack = promisify(deflateRaw);
const unpack = promisify(inflateRaw);

/**
 * The bytes of an answer of unknown size. A large answer is compressed while it arrives: JSON shrinks to about a tenth,
 * and an endless answer takes little memory until it is stopped.
 */
export class PackedBytes {
  readonly #plain: Buffer[] = [];
  readonly #packed: Buffer[] = [];
  #block: Buffer = Buffer.alloc(0);
  #filled = 0;
  #size = 0;

  /** Bytes that were added. */
  get size(): number {
    return this.#size;
  }

  async add(part: Buffer): Promise<void> {
    this.#size += part.length;
    if (this.#size <= PLAIN) {
      this.#plain.push(part);
      return;
    }
    if (this.#block.length === 0) this.#block = Buffer.allocUnsafeSlow(BLOCK);
    let at = 0;
    while (at < part.length) {
      const copied = part.copy(this.#block, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled < BLOCK) continue;
      this.#packed.push(await pack(this.#block, { level: 1 }));
      this.#filled = 0;
    }
  }

  /** Returns everything as text and forgets it. */
  async text(): Promise<string> {
    const decoder = new StringDecoder('utf8');
    let text = decoder.write(Buffer.concat(this.#plain.splice(0)));
    for (const block of this.#packed.splice(0)) text += decoder.write(await unpack(block));
    return text + decoder.end(this.#block.subarray(0, this.#filled));
  }
}
