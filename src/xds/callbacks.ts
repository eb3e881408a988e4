import { type Metadata, status } from '@grpc/grpc-js';
import { askOutside, type Report, tellOutside } from '../base/outside-code.js';
import { messageOf } from '../errors.js';
import type { DeltaDiscoveryRequest } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DeltaDiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { DiscoveryRequest } from '../generated/types/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DiscoveryResponse.js';
import { decode } from '../protobuf/messages.js';
import { type Message, stamped, type Variant } from './response.js';
import type { DiscoveryMethod } from './services.js';
import type { StreamCall, StreamError } from './stream-call.js';

/** A stream as callbacks know it. The same object for all of them. */
export interface StreamInfo {
  /** Unique within its server. */
  readonly id: number;
  /** The protocol variant: state of the world, or delta. */
  readonly variant: Variant;
  /** The type of a service of one type; undefined for the aggregated stream. */
  readonly typeUrl: string | undefined;
  /** The proxy's address, `host:port`. */
  readonly peer: string;
  /** The headers that the proxy sent at the start, such as `authorization`. */
  readonly metadata: Metadata;
}

/** Ends a stream, with the status that the proxy is told. */
export interface Veto {
  /** A code of gRPC, such as `status.PERMISSION_DENIED`. */
  readonly code: status;
  /** The reason, which the proxy logs. */
  readonly message: string;
}

/**
 * What a callback says: nothing, or that the stream is to end. One that throws, or returns anything else, ends the stream
 * with INTERNAL, which is logged.
 */
export type Verdict = Veto | undefined;

/**
 * Told of what goes over the streams, in its order, before it takes effect. Requests and responses are decoded for
 * those that are given: without them nothing is.
 */
export interface StreamCallbacks {
  /** A proxy opens a stream. A veto refuses it; nothing else is called for it then. */
  streamOpened?(stream: StreamInfo): Verdict;
  /** A stream has ended, whoever ended it. */
  streamClosed?(stream: StreamInfo): void;
  /** A proxy asks, acknowledges (`response_nonce`) or rejects (`error_detail`). After a veto the request has no effect. */
  requestReceived?(stream: StreamInfo, request: DiscoveryRequest | DeltaDiscoveryRequest): Verdict;
  /** A response is about to be sent. After a veto it is not. */
  responseSent?(stream: StreamInfo, response: DiscoveryResponse | DeltaDiscoveryResponse): Verdict;
}

/** A gRPC call on whose way the callbacks stand. */
export class WatchedStream implements StreamCall {
  readonly #info: StreamInfo;
  #refused = false;

  constructor(
    id: number,
    { variant, typeUrl }: DiscoveryMethod,
    private readonly call: StreamCall,
    private readonly callbacks: StreamCallbacks,
    private readonly report: Report,
  ) {
    this.#info = { id, variant, typeUrl, peer: call.getPeer(), metadata: call.metadata };
    this.#ask(() => callbacks.streamOpened?.(this.#info));
  }

  /** Whether a callback has ended the stream. */
  get refused(): boolean {
    return this.#refused;
  }

  closed(): void {
    tellOutside(() => this.callbacks.streamClosed?.(this.#info), this.report);
  }

  on(event: 'data' | 'end' | 'error' | 'cancelled', listener: (bytes: Uint8Array) => void): void {
    if (event === 'data') this.call.on(event, (bytes) => this.#receive(bytes, listener));
    else this.call.on(event, () => listener(new Uint8Array()));
  }

  write(message: Message, done: () => void): void {
    if (this.#refused) return;
    if (this.callbacks.responseSent !== undefined) {
      const bytes = stamped(message);
      const response = () => decode(`envoy.service.discovery.v3.${this.#prefix}DiscoveryResponse`, bytes);
      this.#ask(() => this.callbacks.responseSent?.(this.#info, response()));
      if (this.#refused) return;
    }
    this.call.write(message, done);
  }

  emit(event: 'error', error: StreamError): void {
    this.call.emit(event, error);
  }

  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  end(): void {
    this.call.end();
  }

  getPeer(): string {
    return this.#info.peer;
  }

  get metadata(): Metadata {
    return this.#info.metadata;
  }

  getAuthContext(): ReturnType<StreamCall['getAuthContext']> {
    return this.call.getAuthContext();
  }

  get #prefix(): 'Delta' | '' {
    return this.#info.variant === 'delta' ? 'Delta' : '';
  }

  #receive(bytes: Uint8Array, listener: (bytes: Uint8Array) => void): void {
    if (this.#refused) return;
    if (this.callbacks.requestReceived !== undefined) {
      const request = this.#read(bytes);
      if (request !== undefined) this.#ask(() => this.callbacks.requestReceived?.(this.#info, request));
      if (this.#refused) return;
    }
    listener(bytes);
  }

  /** What cannot be decoded has no effect either: nobody could veto it. */
  #read(bytes: Uint8Array): DiscoveryRequest | DeltaDiscoveryRequest | undefined {
    try {
      return decode(`envoy.service.discovery.v3.${this.#prefix}DiscoveryRequest`, bytes);
    } catch (thrown) {
      this.#refuse({ code: status.INVALID_ARGUMENT, message: messageOf(thrown) });
      return undefined;
    }
  }

  #ask(question: () => Verdict): void {
    const failed = (thrown: unknown): Verdict => {
      this.report(thrown);
      return { code: status.INTERNAL, message: messageOf(thrown) };
    };
    const verdict = askOutside(question, failed);
    const veto = isVerdict(verdict) ? verdict : failed(new TypeError(NO_VERDICT));
    if (veto !== undefined) this.#refuse(veto);
  }

  #refuse({ code, message }: Veto): void {
    this.#refused = true;
    this.call.emit('error', { code, details: message, message, name: 'Error' });
  }
}

const NO_VERDICT = 'a callback has to return undefined, or the code and the message of a veto';

/** Not every user has a compiler. */
function isVerdict(verdict: Verdict): boolean {
  return verdict === undefined || (typeof verdict?.code === 'number' && typeof verdict.message === 'string');
}
