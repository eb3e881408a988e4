import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { printableJson } from '../base/printable.js';

/** An answer in JSON. Names and reasons are other people's words: what would steer a terminal or a browser is escaped. */
export function json(c: Context, value: object, status: ContentfulStatusCode = 200): Response {
  return c.body(printableJson(JSON.stringify(value)), status, { 'content-type': 'application/json' });
}

/** An answer that is the bytes of JSON, all of it printable. Many clients may be sent the same bytes. */
export function jsonBytes(c: Context, bytes: Uint8Array): Response {
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'content-type': 'application/json' });
}
