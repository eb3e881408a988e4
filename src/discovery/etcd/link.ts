import { type CallOptions, InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import {
  Etcd3,
  type IDuplexStream,
  type IOptions,
  type IRangeResponse,
  type IWatchRequest,
  type IWatchResponse,
} from 'etcd3';
import type { Secret } from '../../config/secret.js';
import { SignalboxError } from '../../errors.js';
import { openChannel } from './channel.js';
import { displayNameOf, targetOf } from './endpoint.js';
import { isRefusal, isStaleToken } from './failure.js';
import type { KeyRange } from './key-range.js';
import type { EtcdConnectionOptions } from './options.js';
import { EtcdToken } from './token.js';

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** Retries and circuit breakers are the callers': etcd3's own hide the first error and keep a healed server waiting. */
const once: Policy = {
  _altReturn: undefined as never,
  onSuccess: () => ({ dispose: () => undefined }),
  onFailure: () => ({ dispose: () => undefined }),
  execute: async (ask, signal = new AbortController().signal) => await ask({ signal }),
};

/** An open connection to one endpoint, for everything that is read and watched there. Used until it fails, then replaced. */
export class EtcdLink {
  /** The endpoint, for people. */
  readonly server: string;
  readonly #client: Etcd3;
  readonly #token: EtcdToken | undefined;
  readonly #calls = new Set<InterceptingCall>();

  /** @param at the endpoint's place in the options */
  private constructor(
    readonly at: number,
    endpoint: string,
    private readonly options: EtcdConnectionOptions,
    password: Secret | undefined,
  ) {
    this.server = displayNameOf([endpoint]);
    this.#client = new Etcd3({
      hosts: targetOf(endpoint),
      grpcOptions: { channelOverride: openChannel(endpoint, options) },
      faultHandling: { global: once, host: () => once },
    });
    if (options.user !== undefined && options.user !== '') {
      this.#token = new EtcdToken(options.user, password, async (name, secret) => {
        const answer = await this.#client.auth.authenticate({ name, password: secret }, this.#unary());
        return answer.token;
      });
    }
  }

  /** Rejects where the endpoint does not answer within `timeout.connect`, or has no leader to rely on. */
  static async open(
    at: number,
    endpoint: string,
    options: EtcdConnectionOptions,
    password: Secret | undefined,
  ): Promise<EtcdLink> {
    const link = new EtcdLink(at, endpoint, options, password);
    try {
      await link.#reach();
      return link;
    } catch (thrown) {
      link.close();
      throw thrown;
    }
  }

  /** Reads up to `limit` keys, as they were at `revision` or, without one, as they are now. Linearizable. */
  async range(range: KeyRange, limit: number, revision?: string): Promise<IRangeResponse> {
    return await this.#authorised(async (call) => {
      const query = this.#client.getAll().inRange(range).limit(limit).options(call);
      return await (revision === undefined ? query : query.revision(revision)).exec();
    });
  }

  /** Reads one key, as it was at `revision` or as it is now. Linearizable, so an answer says that there is a quorum. */
  async get(key: Buffer, revision?: string): Promise<IRangeResponse> {
    return await this.#authorised(async (call) => {
      const query = this.#client.get(key).options(call);
      return await (revision === undefined ? query : query.revision(revision)).exec();
    });
  }

  /** A watch stream, ended by the server when it loses its leader. */
  async watch(): Promise<IDuplexStream<IWatchRequest, IWatchResponse>> {
    const token = await this.#token?.current();
    return await this.#client.watchClient.watch({ interceptors: [this.#interceptor(token)] });
  }

  close(): void {
    for (const call of this.#calls) call.cancelWithStatus(status.CANCELLED, 'the connection was given up');
    this.#client.close();
  }

  async #reach(): Promise<void> {
    const answer = this.#client.maintenance.status(this.#unary(this.options.timeout.connect));
    // From 3.6 on etcd tells its status to known users only; a refusal is a sign of life as well.
    const said = await answer.catch((thrown: unknown) => {
      if (isRefusal(thrown)) return undefined;
      throw thrown;
    });
    if (said?.leader === '0')
      throw new SignalboxError('registry_unreachable', `etcd at ${this.server}: it has no leader`);
  }

  async #authorised<T>(ask: (options: CallOptions) => Promise<T>): Promise<T> {
    for (let renewed = this.#token === undefined; ; renewed = true) {
      const token = await this.#token?.current();
      try {
        return await ask(this.#unary(this.options.timeout.read, token));
      } catch (thrown) {
        if (renewed || !isStaleToken(thrown)) throw thrown;
        await this.#token?.forget(token);
      }
    }
  }

  #unary(timeout = this.options.timeout.read, token?: string): CallOptions {
    return { deadline: Date.now() + timeout, interceptors: [this.#interceptor(token)] };
  }

  /** Adds what a call says about itself, and remembers it until it has ended, so that `close` can end it. */
  #interceptor(token: string | undefined): Interceptor {
    return (options, next) => {
      const call = new InterceptingCall(next(options), {
        start: (metadata, _listener, start) => {
          metadata.set('hasleader', 'true');
          if (token !== undefined) metadata.set('token', token);
          this.#calls.add(call);
          start(metadata, {
            onReceiveStatus: (ended, pass) => {
              this.#calls.delete(call);
              // By its full text etcd3 knows a stale token, and asks again with it without end.
              pass({ ...ended, details: ended.details.replace(/^etcdserver: /, '') });
            },
          });
        },
      });
      return call;
    };
  }
}
