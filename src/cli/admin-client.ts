import { request } from 'undici';
import type { Secret } from '../config/secret.js';
import { messageOf, SignalboxError } from '../errors.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/instance.js';

/** Milliseconds. */
const TIMEOUT = 10_000;

/** An answer of the admin API: what was asked for, or why there is no such thing. */
export type AdminAnswer<T> =
  | { readonly answer: T; readonly problem?: undefined }
  | { readonly answer?: undefined; readonly problem: string };

/**
 * Asks a running instance, or with POST tells it to do something.
 * @param path with its query
 * @param token of an admin API that wants one
 * @throws SignalboxError `admin_unreachable`, also where something else answers
 */
export async function askAdmin<T>(
  admin: Address,
  path: string,
  method: 'GET' | 'POST' = 'GET',
  token?: Secret,
): Promise<AdminAnswer<T>> {
  const { status, text } = await send(admin, path, method, token);
  const body = parsed(text);
  if (status === 200 && body !== undefined) return { answer: body as T };
  if (status === 401 && typeof body?.error === 'string') return { problem: unauthorized(admin, token) };
  if (typeof body?.error === 'string') return { problem: body.error };
  // What `/readyz` says until it is ready.
  if (typeof body?.reason === 'string') return { problem: body.reason };
  const message = `what answers at ${addressOf(admin)} is no admin API of Signalbox: HTTP ${status}`;
  throw new SignalboxError('admin_unreachable', message);
}

/** Told to somebody at a command line, in other words than to a program. */
function unauthorized(admin: Address, token: Secret | undefined): string {
  return token === undefined
    ? `the admin API at ${addressOf(admin)} wants a token: --token-file FILE, or SIGNALBOX_ADMIN_TOKEN`
    : `the admin API at ${addressOf(admin)} does not take this token`;
}

async function send(
  admin: Address,
  path: string,
  method: 'GET' | 'POST',
  token: Secret | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token.current()}` };
  try {
    const { statusCode, body } = await request(`http://${addressOf(admin)}${path}`, {
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return { status: statusCode, text: await body.text() };
  } catch (thrown) {
    const message = `no Signalbox can be reached at ${addressOf(admin)}: ${messageOf(thrown)}`;
    throw new SignalboxError('admin_unreachable', message, { cause: thrown });
  }
}

function parsed(text: string): { readonly error?: unknown; readonly reason?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
