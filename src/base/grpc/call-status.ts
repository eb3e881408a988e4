import { status } from '@grpc/grpc-js';

/** How a call ends. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
}

/** Why a call fails. */
export class CallError extends Error implements CallStatus {
  constructor(
    readonly code: status,
    readonly details: string,
  ) {
    super(details);
    this.name = 'CallError';
  }
}

/** Characters of a status text; longer ones are cut, for headers are limited. */
const LONGEST_TEXT = 1_000;

/** The trailers of a status. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses */
export function trailersOf({ code, details }: CallStatus): Record<string, string> {
  return {
    'grpc-status': String(code),
    ...(details !== '' && { 'grpc-message': percentEncoded(details.slice(0, LONGEST_TEXT)) }),
  };
}

/** Keeps printable ASCII and percent-encodes the UTF-8 bytes of all else, so that each text makes a valid header. */
function percentEncoded(text: string): string {
  return text.replace(/[^ -$&-~]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

/** The status of whatever a handler reports as an error: what is no status tells nothing of itself to the client. */
export function statusOf(thrown: unknown): CallStatus {
  if (typeof thrown !== 'object' || thrown === null) return INTERNAL;
  const code: unknown = Reflect.get(thrown, 'code');
  const details: unknown = Reflect.get(thrown, 'details');
  if (typeof code !== 'number' || !(code in status)) return INTERNAL;
  return { code, details: typeof details === 'string' ? details : '' };
}

export const INTERNAL: CallStatus = { code: status.INTERNAL, details: 'internal error' };
