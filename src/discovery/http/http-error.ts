import { errors } from 'undici';
import { type ErrorCode, messageOf, SignalboxError } from '../../errors.js';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** Characters of an answer that are looked at for an error, and those that are shown. */
const MOST_READ = 2_000;
const MOST_SHOWN = 200;

/** Builds the errors of one request; no text of theirs shows one of its secrets, not even one that the server echoes. */
export class HttpErrors {
  /**
   * @param what the request for people, such as `GET http://127.0.0.1:8500/v1/kv/upstreams/`
   * @param secrets what must not be seen
   */
  constructor(
    private readonly what: string,
    private readonly secrets: readonly string[],
  ) {}

  /** There was no answer. */
  noAnswer(thrown: unknown): SignalboxError {
    if (thrown instanceof SignalboxError) return thrown;
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (thrown instanceof errors.HTTPParserError) return this.badAnswer(messageOf(thrown));
    return this.#error(TIMEOUTS.has(code) ? 'registry_timeout' : 'registry_unreachable', messageOf(thrown));
  }

  /** The answer's status is none that the caller takes. */
  badStatus(status: number, body: string): SignalboxError {
    return this.#error(
      status === 401 || status === 403 ? 'registry_refused' : 'registry_bad_answer',
      this.statusText(status, body),
    );
  }

  /** A status with what the server says to it, of which no secret is cut so that a part of it is not recognized. */
  statusText(status: number, body: string): string {
    const text = this.#redacted(body.slice(0, MOST_READ).trim().replace(/\s+/g, ' ')).slice(0, MOST_SHOWN);
    return text === '' ? `status ${status}` : `status ${status}: ${text}`;
  }

  /** The answer cannot be understood. */
  badAnswer(detail: string): SignalboxError {
    return this.#error('registry_bad_answer', detail);
  }

  /** The server does not let us see what we ask for, whatever its status says. */
  refused(detail: string): SignalboxError {
    return this.#error('registry_refused', detail);
  }

  #error(code: ErrorCode, detail: string): SignalboxError {
    return new SignalboxError(code, `${this.what}: ${this.#redacted(detail)}`);
  }

  #redacted(text: string): string {
    return this.secrets.reduce(
      (shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '[secret]')),
      text,
    );
  }
}
