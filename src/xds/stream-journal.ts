import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Group } from '../snapshot/cache.js';
import type { ProxyNode } from './node.js';
import type { KnownProxy, XdsObserver } from './observer.js';
import type { CommonRequest } from './request.js';
import type { Response, Variant } from './response.js';
import type { StreamState } from './stream-state.js';

/** Reports the events of a stream to the log and the observer. */
export class StreamJournal {
  constructor(
    private readonly stream: {
      readonly id: number;
      readonly node: ProxyNode;
      readonly group: Group | undefined;
      readonly peer: string;
    },
    private readonly logger: Logger,
    private readonly observer: Required<XdsObserver>,
  ) {}

  /** Whose stream it is, once that is known. */
  get proxy(): KnownProxy {
    const { node, group = '' } = this.stream;
    return { node, group };
  }

  connected(variant: Variant): void {
    this.logger.info({ ...this.#fields(), variant }, 'proxy connected');
  }

  /** The client may not have the configuration of a node. */
  refused({ id, cluster }: ProxyNode, refusal: string): void {
    this.logger.warn({ ...this.#fields(), node: id, cluster, peer: this.stream.peer }, refusal);
  }

  /** The client does not read. */
  unread(details: string): void {
    this.logger.warn({ ...this.#fields(), peer: this.stream.peer }, details);
  }

  /** Something is wrong here. */
  broken(thrown: unknown): void {
    this.logger.error({ ...this.#fields(), err: thrown }, `a stream failed: ${messageOf(thrown)}`);
  }

  /** A request is about to take effect. */
  requested({ typeUrl, nonce, error }: CommonRequest, state: StreamState): void {
    if (error === undefined) return;
    const version = state.types.get(typeUrl)?.version;
    this.logger.warn(
      { ...this.#fields(), type: typeUrl, version, nonce, reason: error.message },
      'proxy rejected a response',
    );
  }

  /** A request answers a response. */
  answered(response: Response, { nonce, error }: CommonRequest): void {
    if (error !== undefined) {
      this.observer.rejected(response, error.message, this.proxy);
      return;
    }
    this.#debug('response accepted', response, nonce);
    this.observer.acknowledged(response, this.proxy);
  }

  /** A rejection of this type was followed by an acceptance, or the stream ended. */
  settled(typeUrl: string): void {
    this.observer.settled(typeUrl, this.proxy);
  }

  sent(response: Response, nonce: string): void {
    this.#debug('response sent', response, nonce);
  }

  /** Asked first, since this is on the way of every change to every proxy. */
  #debug(event: string, { typeUrl, version }: Response, nonce: string): void {
    if (!this.logger.isLevelEnabled('debug')) return;
    this.logger.debug({ ...this.#fields(), type: typeUrl, version, nonce }, event);
  }

  #fields() {
    return { node: this.stream.node.id, stream: this.stream.id };
  }
}
