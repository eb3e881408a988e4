import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { printableJson } from '../base/printable.js';

/** A JSON answer. Names and reasons come from outside, so characters that control a terminal or a browser are escaped. */
export function json(c: Context, value: object, status: ContentfulStatusCode = 200): Response {
  return c.body(printableJson(JSON.stringify(value)), status, { 'content-type': 'application/json' });
}

/** An answer from printable JSON bytes. Many clients may share the same bytes. */
export function jsonBytes(c: Context, bytes: Uint8Array): Response {
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'content-type': 'application/json' });
}
