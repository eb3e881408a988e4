import type { status } from '@grpc/grpc-js';
import type { Call } from './guard/gate.js';
import type { Message } from './response.js';

/** What a stream needs of a gRPC call. */
export interface StreamCall extends Call {
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  on(event: 'end' | 'error' | 'cancelled', listener: () => void): unknown;
  emit(event: 'error', error: StreamError): unknown;
  write(message: Message, done: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  end(): unknown;
}

/** Why a stream ends: a gRPC status. */
export interface StreamError extends Error {
  readonly code: status;
  readonly details: string;
}
