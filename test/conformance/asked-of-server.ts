import type { Sent } from './wire.js';

const WILDCARD = '*';

interface Asked {
  names: ReadonlySet<string>;
  /** Everything, since the first request named nothing. */
  implicit: boolean;
  /** No request has named anything yet, one that counted for nothing else included. */
  unnamed: boolean;
  /** Of the response that was written last. */
  nonce: string;
}

/**
 * What a stream may be sent, worked out from nothing but the requests that its server has read: in delta the names that
 * were subscribed and not unsubscribed, in SotW those of the last request that answers no earlier response than the last.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#resource-updates
 */
export class AskedOfServer {
  readonly #types = new Map<string, Asked>();

  /** @param full the types of which a first request without names asks for everything */
  constructor(
    private readonly protocol: 'sotw' | 'delta',
    private readonly full: readonly string[],
  ) {}

  read(sent: Sent): void {
    const { typeUrl } = sent;
    const before = this.#types.get(typeUrl);
    const named = this.protocol === 'sotw' ? sent.names : sent.subscribe;
    if (before === undefined) {
      const names = new Set(named);
      const unnamed = names.size === 0;
      this.#types.set(typeUrl, {
        names,
        implicit: unnamed && this.full.includes(typeUrl),
        unnamed,
        nonce: '',
      });
    } else if (this.protocol === 'delta') {
      const gone = new Set(sent.unsubscribe);
      if (gone.has(WILDCARD)) before.implicit = false;
      before.names = new Set([...[...before.names].filter((name) => !gone.has(name)), ...(named ?? [])]);
    } else {
      const names = new Set(named);
      if (names.size > 0) before.unnamed = false;
      const { nonce = '' } = sent;
      if (nonce !== '' && before.nonce !== '' && nonce !== before.nonce) return;
      before.names = names;
      if (!before.unnamed) before.implicit = false;
    }
  }

  wrote(typeUrl: string, nonce: string): void {
    const asked = this.#types.get(typeUrl);
    if (asked !== undefined) asked.nonce = nonce;
  }

  covers(typeUrl: string, name: string): boolean {
    const asked = this.#types.get(typeUrl);
    return asked !== undefined && (asked.implicit || asked.names.has(WILDCARD) || asked.names.has(name));
  }
}
