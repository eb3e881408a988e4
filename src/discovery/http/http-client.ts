import { Pool } from 'undici';
import { isTextDeeperThan } from '../../base/nesting.js';
import { Secret } from '../../config/secret.js';
import type { TlsOptions } from '../registry-options.js';
import { BodyError, readBody } from './body.js';
import { connector } from './connector.js';
import { Deadline } from './deadline.js';
import { displayName } from './display-name.js';
import { HttpErrors } from './http-error.js';

export interface HttpClientOptions {
  /** Milliseconds to open a connection, 2,000 by default. */
  readonly connectTimeout?: number;
  readonly tls?: TlsOptions | undefined;
  /** The most connections at a time; no limit by default. */
  readonly connections?: number;
  /** The most bytes of an answer, after it was decompressed. */
  readonly maxAnswer: number;
  /** Milliseconds until the whole answer is there, from when its beginning is due. */
  readonly answerTimeout: number;
}

export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string | Secret>>;
  /** Never shown in an error. */
  readonly query?: Readonly<Record<string, string | number | Secret>>;
  /** Milliseconds of silence: until the headers, then between parts of the body. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** Which statuses are answers; by default 200 to 299. Any other one is an error. */
  readonly accept?: (status: number) => boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** @throws SignalboxError `registry_bad_answer` where the body is no JSON */
  json(): unknown;
  /** Errors that name this request, for an answer that the caller cannot use. */
  readonly errors: Pick<HttpErrors, 'badAnswer' | 'refused' | 'statusText'>;
}

/**
 * HTTP towards one server of a registry, over connections that are kept. User and password of the URL are sent as
 * Basic authentication; a path in the URL comes before each request's path.
 *
 * A request throws a `SignalboxError`: `registry_unreachable`, `registry_timeout`, `registry_refused` (401,
 * 403), `registry_bad_answer` (any other status that is not accepted, an answer that is too large or does not end in
 * time, after which the request is ended). When its signal is aborted, it throws too: ask the signal first.
 */
export class HttpClient {
  /** The server for people: no user, no password. */
  readonly server: string;
  readonly #pool: Pool;
  readonly #base: string;
  readonly #authorization: Secret | undefined;
  readonly #secrets: readonly string[];
  readonly #maxAnswer: number;
  readonly #answerTimeout: number;

  constructor(url: string, options: HttpClientOptions) {
    const { origin, pathname, username, password } = new URL(url);
    this.server = displayName(url);
    this.#maxAnswer = options.maxAnswer;
    this.#answerTimeout = options.answerTimeout;
    this.#base = pathname.replace(/\/+$/, '');
    this.#secrets = [password, unescaped(password)];
    if (username !== '' || password !== '') {
      const pair = `${unescaped(username)}:${unescaped(password)}`;
      this.#authorization = Secret.of(`Basic ${Buffer.from(pair).toString('base64')}`);
    }
    this.#pool = new Pool(origin, {
      connect: connector(options.connectTimeout ?? 2_000, options.tls),
      connections: options.connections ?? null,
    });
  }

  async get(path: string, request: HttpRequest): Promise<HttpAnswer> {
    return await this.#request('GET', path, request);
  }

  /** Sends a form: the way registries take log-ins. */
  async post(
    path: string,
    form: Readonly<Record<string, string | Secret>>,
    request: HttpRequest,
  ): Promise<HttpAnswer> {
    return await this.#request('POST', path, request, form);
  }

  /** Ends all connections, and the requests on them. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    request: HttpRequest,
    form?: Readonly<Record<string, string | Secret>>,
  ): Promise<HttpAnswer> {
    const secrets = [...this.#secrets];
    const reveal = (values: Readonly<Record<string, string | number | Secret>>) =>
      Object.entries(values).map(([name, value]): [string, string] => {
        if (!(value instanceof Secret)) return [name, String(value)];
        const text = value.current();
        secrets.push(text);
        return [name, text];
      });
    const headers = Object.fromEntries(
      reveal({
        ...(this.#authorization !== undefined && { authorization: this.#authorization }),
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...request.headers,
      }),
    );
    const query = new URLSearchParams(reveal(request.query ?? {})).toString();
    const content = form === undefined ? null : new URLSearchParams(reveal(form)).toString();
    const errors = new HttpErrors(`${method} ${this.server}${path}`, secrets);

    const deadline = new Deadline(request.timeout + this.#answerTimeout, request.signal);
    const answer = await this.#pool
      .request({
        method,
        path: `${this.#base}${path}${query === '' ? '' : `?${query}`}`,
        headers,
        body: content,
        headersTimeout: request.timeout,
        bodyTimeout: request.timeout,
        signal: deadline.signal,
      })
      .then(async ({ statusCode: status, headers: multiple, body }) => {
        const headers = singleValued(multiple);
        // Netflix's Eureka compresses whether it was asked to or not.
        const text = await readBody(body, headers['content-encoding'] === 'gzip', this.#maxAnswer);
        return { status, headers, text };
      })
      .catch((thrown: unknown) => {
        if (thrown instanceof BodyError) throw errors.badAnswer(thrown.message);
        if (deadline.isOver) throw errors.badAnswer(`it has not ended after ${deadline.milliseconds} ms`);
        throw errors.noAnswer(thrown);
      })
      .finally(() => deadline.end());
    const body = answer.text;
    if (!(request.accept ?? isSuccess)(answer.status)) throw errors.badStatus(answer.status, body);
    return {
      status: answer.status,
      headers: answer.headers,
      body,
      errors,
      json: () => parsed(body, errors),
    };
  }
}

const isSuccess = (status: number) => status >= 200 && status < 300;

function singleValued(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

/** Levels of an answer. Deeper answers take the parser and the garbage collector seconds. */
const NESTING = 10_000;

function parsed(body: string, errors: HttpErrors): unknown {
  if (isTextDeeperThan(body, NESTING)) throw errors.badAnswer(`it is nested deeper than ${NESTING} levels`);
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own words quote the text, which may be the answer to a log-in.
    throw errors.badAnswer('it is not valid JSON');
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
