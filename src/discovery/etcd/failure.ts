import { ClientClosedError } from 'etcd3';
import { type ErrorCode, SignalboxError } from '../../errors.js';

const STALE_TOKEN = /invalid auth token|revision of auth store is old|user name is empty/;
const REFUSED =
  /permission denied|authentication failed|user name is empty|invalid auth token|auth store is old|user name not found/;

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  1: 'registry_unreachable',
  4: 'registry_timeout',
  7: 'registry_refused',
  13: 'registry_unreachable',
  14: 'registry_unreachable',
  16: 'registry_refused',
};
const OUT_OF_RANGE = 11;

/** The token has run out, or the server asks for one only since lately. */
export function isStaleToken(thrown: unknown): boolean {
  return thrown instanceof Error && STALE_TOKEN.test(thrown.message);
}

/** An answer, though not the one that was hoped for. */
export function isRefusal(thrown: unknown): boolean {
  return thrown instanceof Error && REFUSED.test(thrown.message);
}

/** The server knows users but was not told to ask for them. */
export function isAuthDisabled(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.includes('authentication is not enabled');
}

/** The revision that was asked for is compacted, or lies in this store's future. */
export function isOutOfRange(thrown: unknown): boolean {
  return thrown instanceof Error && statusOf(thrown) === OUT_OF_RANGE;
}

/** What etcd, or the way to it, has answered with; undefined for what is a defect of ours. */
export function failureOf(thrown: unknown, server: string): SignalboxError | undefined {
  if (thrown instanceof SignalboxError) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  const status = statusOf(thrown);
  if (status === undefined && !(thrown instanceof ClientClosedError)) return undefined;
  const code = isRefusal(thrown) ? 'registry_refused' : (STATUS_CODES[status ?? 1] ?? 'registry_bad_answer');
  // Without what would make the same failure look new each time.
  const text = thrown.message
    .replace(/^.*?\b\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: (?:Error: )?/, '')
    .replace(/\.? ?Resolution note: .*$/, '')
    .replace(/^Deadline exceeded.*$/, 'no answer in time');
  return new SignalboxError(code, `etcd at ${server}: ${text}`, { cause: thrown });
}

/** The connection is of no more use; a refusal is an answer and leaves it as it is. */
export function losesConnection(error: SignalboxError): boolean {
  return error.code !== 'registry_refused';
}

/** gRPC's status code, which etcd3's own errors keep only in their text. */
function statusOf(error: Error): number | undefined {
  if ('code' in error && typeof error.code === 'number') return error.code;
  const code = /(?:^|: )(\d+) [A-Z_]+: /.exec(error.message)?.[1];
  return code === undefined ? undefined : Number(code);
}
