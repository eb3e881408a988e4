import { Secret } from '../../config/secret.js';
import { SignalboxError } from '../../errors.js';
import { displayName } from '../http/display-name.js';
import { type HttpAnswer, HttpClient } from '../http/http-client.js';
import type { NacosApi, NacosQuery } from './api.js';
import { apiV1 } from './api-v1.js';
import { apiV3 } from './api-v3.js';
import { type NacosHost, readPrefix } from './host.js';
import { isNotOffered, NacosLogin } from './login.js';
import type { NacosOptions } from './options.js';
import type { NacosScope, NacosService } from './scope.js';
import { type AccessKey, signature } from './signature.js';

/** Services in one page of a listing. */
const PAGE = 1_000;
/** Pages of a listing, of servers whose pages are small. */
const MOST_PAGES = 10_000;
/** Queries at a time. */
export const PARALLEL = 8;

/** The port of Nacos' gRPC, counted from the one of its HTTP. */
const PUSH_OFFSET = 1_000;

/** One server of the cluster, by the HTTP API that it turns out to have. */
export class NacosServer {
  /** For people: no user, no password. */
  readonly name: string;
  readonly #client: HttpClient;
  readonly #login: NacosLogin | undefined;
  readonly #key: AccessKey | undefined;
  #api: NacosApi | undefined;

  constructor(
    host: NacosHost,
    private readonly options: NacosOptions,
    private readonly now: () => number,
  ) {
    this.name = displayName(host.url);
    this.#client = new HttpClient(`${host.url}${readPrefix(options.prefix)}`, {
      connectTimeout: options.timeout.connect,
      connections: PARALLEL,
      tls: options.tls,
      maxAnswer: options.max_answer,
      answerTimeout: options.timeout.answer,
    });
    const user = host.user ?? options.user;
    const password =
      host.password === undefined
        ? Secret.from(options.password, options.password_file)
        : Secret.of(host.password);
    if (user !== undefined && user !== '' && password !== undefined)
      this.#login = new NacosLogin(this.#client, user, password, options.timeout.read, now);
    const secretKey = Secret.from(options.secret_key, options.secret_key_file);
    if (options.access_key !== undefined && secretKey !== undefined)
      this.#key = { accessKey: options.access_key, secretKey };
  }

  /** The API in use; undefined until it is found out. */
  get api(): NacosApi['version'] | undefined {
    return this.#api?.version;
  }

  /** The services of a scope, those without instances included. */
  async services(scope: NacosScope, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    let [entries, bytes] = [0, 0];
    for (let page = 1; ; page += 1) {
      const { api, answer } = await this.#ask((api) => api.services(scope, page, PAGE), undefined, signal);
      const read = api.readServices(answer, scope);
      for (const name of read.names) names.add(name);
      entries += read.entries;
      if (read.entries === 0 || entries >= read.total) return names;
      bytes += Buffer.byteLength(answer.body);
      if (bytes > this.options.max_answer)
        throw answer.errors.badAnswer(
          `all pages together are larger than max_answer, ${this.options.max_answer} bytes`,
        );
      if (page === MOST_PAGES) throw answer.errors.badAnswer('the list of services has no end');
    }
  }

  /** The instances of a service; none where the server does not know it. */
  async instances(service: NacosService, signal: AbortSignal): Promise<readonly unknown[]> {
    const grouped = `${service.group}@@${service.service}`;
    const { api, answer } = await this.#ask((api) => api.instances(service), grouped, signal);
    return api.readInstances(answer);
  }

  /**
   * Asks something small after a query had no answer: where this one has some, it was the query alone.
   * @throws SignalboxError where the server is out of reach
   */
  async prove(scope: NacosScope, signal: AbortSignal): Promise<void> {
    const { path, query } = (this.#api ?? apiV3).services(scope, 1, 1);
    await this.#get({ path, query }, undefined, signal);
  }

  /** `host:port` of the server's gRPC; undefined where there can be none, as behind https. */
  get pushAddress(): string | undefined {
    const { protocol, hostname, port } = new URL(this.name);
    const push = Number(port || 80) + PUSH_OFFSET;
    return protocol === 'http:' && push <= 65_535 ? `${hostname}:${push}` : undefined;
  }

  /** What shows who we are in a request by gRPC. */
  async identity(grouped: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const token = await this.#login?.token(signal);
    return {
      ...(token !== undefined && { accessToken: token.current() }),
      ...(this.#key !== undefined && signature(this.#key, grouped, this.now())),
    };
  }

  /** Forgets which API the server has: after a failure it may be another version that comes back. */
  forgetApi(): void {
    this.#api = undefined;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Asks by the API that is known, else by the newest one that the server offers. */
  async #ask(
    question: (api: NacosApi) => NacosQuery,
    grouped: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly api: NacosApi; readonly answer: HttpAnswer }> {
    const [first, second] = this.#api === apiV1 ? [apiV1, apiV3] : [apiV3, apiV1];
    let answer = await this.#get(question(first), grouped, signal);
    let api = first;
    // A gateway may refuse the paths that it does not know.
    if (isNotOffered(answer.status) || (isRefused(answer.status) && this.#api === undefined)) {
      const other = await this.#get(question(second), grouped, signal);
      if (isRefused(answer.status) ? other.status === 200 : !isNotOffered(other.status)) {
        answer = other;
        api = second;
      }
    }
    if (isRefused(answer.status))
      throw answer.errors.refused(answer.errors.statusText(answer.status, answer.body));
    if (answer.status !== 200)
      throw answer.errors.badAnswer(answer.errors.statusText(answer.status, answer.body));
    this.#api = api;
    return { api, answer };
  }

  /** Asks with what shows who we are; once more, with a new token, where it is not accepted. */
  async #get(
    { path, query }: NacosQuery,
    grouped: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const token = await this.#login?.token(signal);
    const answer = await this.#send(path, query, grouped, token, signal);
    if (!isRefused(answer.status) || token === undefined || this.#login?.refused(token) !== true)
      return answer;
    return await this.#send(path, query, grouped, await this.#login.token(signal), signal);
  }

  async #send(
    path: string,
    query: NacosQuery['query'],
    grouped: string | undefined,
    token: Secret | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const signed = this.#key === undefined ? {} : signature(this.#key, grouped, this.now());
    const headers = token === undefined ? {} : { authorization: Secret.of(`Bearer ${token.current()}`) };
    const timeout = this.options.timeout.read;
    const accept = () => true;
    return await this.#client.get(path, { query: { ...query, ...signed }, headers, timeout, signal, accept });
  }
}

const isRefused = (status: number) => status === 401 || status === 403;

/** Names the service that an error is about, which the request's address alone does not. */
export function errorAbout(
  { namespace, group, service }: NacosService,
  error: SignalboxError,
): SignalboxError {
  return new SignalboxError(error.code, `${namespace}/${group}/${service}: ${error.message}`, {
    cause: error,
  });
}
