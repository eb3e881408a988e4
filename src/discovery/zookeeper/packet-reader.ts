import { SignalboxError } from '../../errors.js';

/** Bytes of the length that each packet begins with, and of the header of a reply: xid, zxid, error code. */
const LENGTH = 4;
const HEADER = 16;

/** A packet as the server sent it, or the header alone of a reply that is too large to be taken. */
export interface Packet {
  /** With the length before it. */
  readonly bytes: Buffer;
  /** How large the reply was that is left out; undefined for a whole packet. */
  readonly tooLarge?: number;
}

/**
 * Cuts the bytes of a ZooKeeper server into packets. The client has no limit: it keeps as many bytes as the server
 * announces, and copies all of them for each part that comes.
 * @see https://github.com/apache/zookeeper/blob/master/zookeeper-jute/src/main/resources/zookeeper.jute
 */
export class PacketReader {
  #parts: Buffer[] = [];
  #kept = 0;
  /** How many more bytes are kept before something is to be decided. */
  #wanted = LENGTH;
  /** The length of the packet under way; undefined before it is known. */
  #length: number | undefined;
  /** Bytes of a reply that is too large which are still to come. */
  #skipped = 0;

  /**
   * @param most the largest packet, bytes
   * @param take gets each packet
   */
  constructor(
    private readonly most: number,
    private readonly take: (packet: Packet) => void,
  ) {}

  /** @throws SignalboxError where this cannot be a ZooKeeper server, or where something that is no reply is too large */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#skipped > 0) {
        const skipped = Math.min(this.#skipped, rest.length);
        this.#skipped -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const part = rest.subarray(0, this.#wanted - this.#kept);
      this.#parts.push(part);
      this.#kept += part.length;
      rest = rest.subarray(part.length);
      if (this.#kept === this.#wanted) this.#decide();
    }
  }

  #decide(): void {
    const bytes = Buffer.concat(this.#parts, this.#kept);
    if (this.#length === undefined) {
      this.#begin(bytes);
      return;
    }
    const length = this.#length;
    this.#parts = [];
    this.#kept = 0;
    this.#wanted = LENGTH;
    this.#length = undefined;
    if (length <= this.most) {
      this.take({ bytes });
      return;
    }
    // Only a reply belongs to a question, which then has no answer.
    if (bytes.readInt32BE(LENGTH) < 0) throw tooLarge(length, this.most);
    this.#skipped = length - HEADER;
    bytes.writeInt32BE(HEADER, 0);
    this.take({ bytes, tooLarge: length });
  }

  #begin(bytes: Buffer): void {
    const length = bytes.readInt32BE(0);
    if (length < 0) throw new SignalboxError('registry_bad_answer', 'this is no ZooKeeper server');
    this.#length = length;
    this.#parts = [bytes];
    this.#wanted = LENGTH + (length <= this.most ? length : Math.min(length, HEADER));
    if (length === 0) this.#decide();
  }
}

function tooLarge(length: number, most: number): SignalboxError {
  return new SignalboxError(
    'registry_bad_answer',
    `the server sends ${length} bytes, and max_answer is ${most}`,
  );
}
