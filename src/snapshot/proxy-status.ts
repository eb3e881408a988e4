import type { Group } from './cache.js';

/** How one open stream of a proxy stands. A proxy that uses several streams has as many of these. */
export interface ProxyStatus {
  /** The number of the stream, unique within its server. */
  readonly stream: number;
  /** Who the proxy says it is; empty texts before its first request. */
  readonly node: {
    readonly id: string;
    readonly cluster: string;
    readonly metadata: Readonly<Record<string, unknown>>;
  };
  /** The group whose snapshot it gets; undefined before its first request. */
  readonly group: Group | undefined;
  /** Its address, `host:port`. */
  readonly peer: string;
  /** The protocol variant: state of the world, or delta. */
  readonly variant: 'sotw' | 'delta';
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** By type URL, for each type that it has asked for. */
  readonly types: ReadonlyMap<string, TypeStatus>;
}

/** How a stream stands with one type. */
export interface TypeStatus {
  /** What it asks for: everything (`*`), or these names. */
  readonly subscribed: '*' | readonly string[];
  /** The version of the last response that was sent; empty before the first. */
  readonly sent: string;
  /** The last version that the proxy has accepted; empty before the first. */
  readonly acknowledged: string;
  /** How many responses it has not answered yet. */
  readonly outstanding: number;
  /** What it has rejected and accepted no newer version of. */
  readonly rejected: readonly RejectedResource[];
  /** The resources that were sent without their TTL, since its variant cannot renew it. They never expire there. */
  readonly withoutTtl: readonly string[];
}

/** A resource that a proxy rejected. */
export interface RejectedResource {
  readonly name: string;
  /** The version of the response that it was in. */
  readonly version: string;
  /** What the proxy says of the reason. */
  readonly message: string;
}
