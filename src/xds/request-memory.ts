import { Recent, type Weight } from '../base/recent.js';
import type { DeltaRequest, SotwRequest } from './request.js';

/** Enough for the types and phases that the proxies of one restart are in at a time. */
const REMEMBERED = 8;
const REMEMBERED_BYTES = 32 * 1024 * 1024;
/** Longer requests, in bytes, are decoded each time. */
const LONGEST = 256 * 1024;
/** What a known version takes, about, bytes. */
const KNOWN_BYTES = 150;

interface Remembered<Request> {
  /** Undefined where they will not come again, or are too many. */
  readonly bytes: Buffer | undefined;
  readonly request: Request;
}

/**
 * The last requests of any stream. Equal bytes give one object without being decoded: a thousand proxies that
 * acknowledge one response say the same. Requests that differ in their node alone give one object too.
 */
export class RequestMemory<Request extends SotwRequest | DeltaRequest> {
  readonly #recent = new Recent<Remembered<Request>>(REMEMBERED, REMEMBERED_BYTES, weightsOf);

  /** The request of these bytes, if they came before. */
  find(bytes: Uint8Array): Request | undefined {
    for (const known of this.#recent.entries) if (known.bytes?.equals(bytes)) return known.request;
    return undefined;
  }

  /**
   * @param ownWords whether the request is its proxy's own and will not come again, byte by byte
   * @returns an equal request that came before, or else this one
   */
  add(bytes: Uint8Array, decoded: Request, ownWords: boolean): Request {
    const equalOne = this.#recent.entries.find(({ request }) => equal(request, decoded));
    const request = equalOne?.request ?? decoded;
    const kept = bytes.length > LONGEST || ownWords ? undefined : Buffer.from(bytes);
    if (equalOne === undefined || kept !== undefined) this.#recent.add({ bytes: kept, request });
    return request;
  }
}

function weightsOf({ bytes, request }: Remembered<SotwRequest | DeltaRequest>): readonly Weight[] {
  const sets = 'names' in request ? [request.names] : [request.subscribe, request.unsubscribe];
  const weights: Weight[] = sets.map((names) => ({ thing: names, bytes: names.weight }));
  if ('known' in request) weights.push({ thing: request.known, bytes: KNOWN_BYTES * request.known.size });
  if (bytes !== undefined) weights.push({ thing: bytes, bytes: bytes.length });
  return weights;
}

/** All other values are one object where they are equal, see `RequestReader`. */
function equal(a: SotwRequest | DeltaRequest, b: SotwRequest | DeltaRequest): boolean {
  return FIELDS.every((field) => Reflect.get(a, field) === Reflect.get(b, field));
}

const FIELDS = ['typeUrl', 'nonce', 'error', 'versionInfo', 'names', 'subscribe', 'unsubscribe', 'known'];
