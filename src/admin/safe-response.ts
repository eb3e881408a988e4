import { ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * The headers of every answer: no cache keeps it, no browser guesses its type, no other site reads, embeds or frames
 * it. An answer may replace one; the page has a Content-Security-Policy of its own.
 */
export const SAFE_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  // https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
];

/** An answer of the admin API, also one that Node's HTTP server writes by itself. */
export class SafeResponse extends ServerResponse {
  constructor(...given: ConstructorParameters<typeof ServerResponse>) {
    super(...given);
    for (const [name, value] of SAFE_HEADERS) this.setHeader(name, value);
  }
}

/** Answers what Node's parser refuses; by default Node writes the bare status line. */
export function answerBroken(error: Error & { readonly code?: string }, socket: Duplex): void {
  const status = BROKEN[error.code ?? ''] ?? 400;
  // Behind an answer that has begun, a status line would be part of its body.
  const isFirst = socket instanceof Socket && socket.bytesWritten === 0;
  if (!socket.writable || !isFirst) {
    socket.destroy();
    return;
  }
  const headers = [...SAFE_HEADERS, ['connection', 'close'], ['content-length', '0']];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n`, () => socket.destroy());
}

const BROKEN: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
