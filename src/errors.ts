import { printable } from './base/printable.js';

/**
 * Every error that Signalbox raises or reports. `code` is stable: scripts and tests may rely on it; the
 * message is for people and may be worded anew.
 */
export class SignalboxError extends Error {
  readonly code: ErrorCode;

  /**
   * An error of a known kind.
   * @param code what kind of error it is
   * @param message what happened, for people; it may quote others, so it is made printable
   * @param options the error that led to it
   */
  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(printable(message), options);
    this.name = 'SignalboxError';
    this.code = code;
  }

  /** Wraps whatever was thrown; an error that is one of ours already stays as it is. */
  static from(thrown: unknown, code: ErrorCode = 'internal'): SignalboxError {
    if (thrown instanceof SignalboxError) return thrown;
    return new SignalboxError(code, messageOf(thrown), { cause: thrown });
  }
}

/** The kinds of errors. New ones may be added; none changes its meaning. */
export type ErrorCode =
  | 'config_invalid'
  | 'config_unreadable'
  | 'registry_unreachable'
  | 'registry_timeout'
  | 'registry_refused'
  | 'registry_bad_answer'
  | 'service_name_invalid'
  | 'resource_invalid'
  | 'snapshot_inconsistent'
  | 'file_unsafe'
  | 'listen_failed'
  | 'tls_invalid'
  | 'admin_unreachable'
  | 'worker_silent'
  | 'xds_timeout'
  | 'request_too_large'
  | 'ttl_not_sent'
  | 'internal';

/** Causes of causes that are told. */
const MOST_CAUSES = 5;

/** The text of anything thrown, printable, with the cause that fetch and sockets hide one level down. Never throws. */
export function messageOf(thrown: unknown, causes = MOST_CAUSES): string {
  try {
    return printable(rawMessage(thrown, causes));
  } catch {
    // What is thrown may be anything, also what cannot be made a text.
    return `a thrown ${typeof thrown} without a text`;
  }
}

function rawMessage(thrown: unknown, causes: number): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause =
    thrown.cause instanceof Error && thrown.cause.message !== thrown.message ? thrown.cause : undefined;
  const own = thrown.message || ('code' in thrown ? String(thrown.code) : thrown.name);
  return cause === undefined || causes === 0 ? own : `${own}: ${messageOf(cause, causes - 1)}`;
}
