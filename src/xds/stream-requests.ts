import { isLong, STEP, type Steps } from '../snapshot/steps.js';
import type { RequestReader } from './request.js';
import type { Variant } from './response.js';
import { namesIn, type StreamRequest } from './stream-state.js';

/** Reads the requests of one stream: of its variant and, on a service of one type, of that type. */
export class StreamRequests {
  /** @param typeUrl the type that the service serves; undefined on the aggregated one */
  constructor(
    private readonly reader: RequestReader,
    private readonly variant: Variant,
    private readonly typeUrl: string | undefined,
  ) {}

  /**
   * The request of these bytes, if some stream has sent them lately.
   * @throws Error for a type that is not served here
   */
  known(bytes: Uint8Array): StreamRequest | undefined {
    if (this.variant === 'sotw') {
      const request = this.reader.knownSotw(bytes);
      return request && { variant: 'sotw', request: this.#typed(request) };
    }
    const request = this.reader.knownDelta(bytes);
    return request && { variant: 'delta', request: this.#typed(request) };
  }

  /** @throws Error for bytes that are no request, or one for a type that is not served here */
  *read(bytes: Uint8Array): Steps<StreamRequest> {
    const { reader } = this;
    if (this.variant === 'sotw')
      return { variant: 'sotw', request: this.#typed(yield* reader.readSotw(bytes)) };
    return { variant: 'delta', request: this.#typed(yield* reader.readDelta(bytes)) };
  }

  /** A service of one type may be asked without naming it. */
  #typed<Request extends { readonly typeUrl: string }>(request: Request): Request {
    const { typeUrl } = request;
    if (this.typeUrl === undefined) {
      if (typeUrl === '') throw new Error('type_url is required on the aggregated stream');
      return request;
    }
    if (typeUrl === '') return { ...request, typeUrl: this.typeUrl };
    if (typeUrl !== this.typeUrl) throw new Error(`this service serves ${this.typeUrl} only`);
    return request;
  }
}

/** Whether a request of this size must be processed in steps. */
export function needsSteps(request: StreamRequest, bytes: Uint8Array): boolean {
  return namesIn(request) > STEP || isLong(bytes.length);
}
