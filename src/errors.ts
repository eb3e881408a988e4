/**
 * Every error that Signalbox raises or reports. `code` is stable: scripts and tests may rely on it; the
 * message is for people and may be worded anew.
 */
export class SignalboxError extends Error {
  readonly code: ErrorCode;

  /**
   * An error of a known kind.
   * @param code what kind of error it is
   * @param message what happened, for people
   * @param options the error that led to it
   */
  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
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
  | 'resource_invalid'
  | 'snapshot_inconsistent'
  | 'listen_failed'
  | 'tls_invalid'
  | 'admin_unreachable'
  | 'worker_silent'
  | 'xds_timeout'
  | 'request_too_large'
  | 'internal';

/** The text of anything thrown, with the cause that fetch and sockets hide one level down. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause =
    thrown.cause instanceof Error && thrown.cause.message !== thrown.message ? thrown.cause : undefined;
  const own = thrown.message || ('code' in thrown ? String(thrown.code) : thrown.name);
  return cause === undefined ? own : `${own}: ${messageOf(cause)}`;
}
