import type { DeltaRequest, SotwRequest } from './request.js';

/** Enough for the types and phases that the proxies of one restart are in at a time. */
const REMEMBERED = 8;
/** Longer requests, in bytes, are decoded each time: what is remembered is bounded. */
const LONGEST = 256 * 1024;

/**
 * The last requests of any stream. Equal bytes give one object without being decoded: a thousand proxies that
 * acknowledge one response say the same. Requests that differ in their node alone give one object too.
 */
export class RequestMemory<Request extends SotwRequest | DeltaRequest> {
  readonly #bytes: (Buffer | undefined)[] = [];
  readonly #requests: Request[] = [];
  #next = 0;

  /** The request of these bytes, if they came before. */
  find(bytes: Uint8Array): Request | undefined {
    for (let index = 0; index < this.#bytes.length; index += 1) {
      const known = this.#requests[index];
      if (known !== undefined && this.#bytes[index]?.equals(bytes)) return known;
    }
    return undefined;
  }

  /**
   * @param ownWords whether the request is its proxy's own and will not come again, byte by byte
   * @returns an equal request that came before, or else this one
   */
  add(bytes: Uint8Array, decoded: Request, ownWords: boolean): Request {
    const request = this.#requests.find((known) => equal(known, decoded)) ?? decoded;
    this.#bytes[this.#next] = bytes.length > LONGEST || ownWords ? undefined : Buffer.from(bytes);
    this.#requests[this.#next] = request;
    this.#next = (this.#next + 1) % REMEMBERED;
    return request;
  }
}

/** All other values are one object where they are equal, see `RequestReader`. */
function equal(a: SotwRequest | DeltaRequest, b: SotwRequest | DeltaRequest): boolean {
  return FIELDS.every((field) => Reflect.get(a, field) === Reflect.get(b, field));
}

const FIELDS = ['typeUrl', 'nonce', 'error', 'versionInfo', 'names', 'subscribe', 'unsubscribe', 'known'];
