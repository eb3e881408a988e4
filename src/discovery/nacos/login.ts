import { Secret } from '../../config/secret.js';
import { numberOf } from '../../text-of.js';
import type { HttpAnswer, HttpClient } from '../http/http-client.js';
import { isRecord } from './api.js';

interface Token {
  readonly secret: Secret;
  readonly obtained: number;
  /** When the next one is due. */
  readonly renew: number;
}

/** Of Nacos 3.x, then of 2.x and late 1.x, then of early 1.x. */
const PATHS = ['/v3/auth/user/login', '/v1/auth/users/login', '/v1/auth/login'];
/** The statuses by which a server says that it has no such path. */
export const isNotOffered = (status: number) => [404, 405, 410, 501].includes(status);
/** The statuses of what stands before a server, or of one that is not up yet. */
const isUnavailable = (status: number) => status >= 502 && status <= 504;
/** Milliseconds that a token is taken for good: without them, each of many refused queries would log in again. */
const FRESH = 1_000;

/** The token of one user at one server: had when first needed, renewed when nine tenths of its time are over. */
export class NacosLogin {
  #token: Token | undefined;
  #pending: Promise<Token> | undefined;

  constructor(
    private readonly client: HttpClient,
    private readonly user: string,
    private readonly password: Secret,
    private readonly timeout: number,
    private readonly now: () => number,
  ) {}

  /** @throws SignalboxError `registry_refused` where the server does not take user and password */
  async token(signal: AbortSignal): Promise<Secret> {
    const known = this.#token;
    if (known !== undefined && this.now() < known.renew) return known.secret;
    this.#pending ??= this.#logIn(signal).finally(() => {
      this.#pending = undefined;
    });
    this.#token = await this.#pending;
    return this.#token.secret;
  }

  /** The server does not take this token. Says whether it is worth asking for another one. */
  refused(token: Secret): boolean {
    if (this.#token?.secret !== token) return true;
    if (this.now() < this.#token.obtained + FRESH) return false;
    this.#token = undefined;
    return true;
  }

  async #logIn(signal: AbortSignal): Promise<Token> {
    const form = { username: this.user, password: this.password };
    const request = { timeout: this.timeout, signal, accept: () => true };
    let answer: HttpAnswer | undefined;
    for (const path of PATHS) {
      answer = await this.client.post(path, form, request);
      if (!isNotOffered(answer.status)) break;
    }
    if (answer === undefined) throw new TypeError('there is no path to log in at');
    return this.#read(answer);
  }

  #read(answer: HttpAnswer): Token {
    if (isNotOffered(answer.status) || isUnavailable(answer.status))
      throw answer.errors.badAnswer(`status ${answer.status}`);
    // A wrong password gets 403, or 500 from servers that mistake it for a failure of their own.
    if (answer.status !== 200)
      throw answer.errors.refused(`status ${answer.status}: the user or the password is not accepted`);
    const body = answer.json();
    const data = isRecord(body) && isRecord(body.data) ? body.data : body;
    if (!isRecord(data) || typeof data.accessToken !== 'string' || data.accessToken === '')
      throw answer.errors.badAnswer('there is no token in it');
    const seconds = numberOf(data.tokenTtl);
    const obtained = this.now();
    return {
      secret: Secret.of(data.accessToken),
      obtained,
      renew: obtained + (seconds > 0 ? seconds : 18_000) * 900,
    };
  }
}
