import { lengthDelimited, text } from '../protobuf/wire.js';
import { type Digest, digest, digestText } from './content-hash.js';

/** One xDS resource, encoded and hashed once, when it is made. */
export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  /** The hash of the content: equal content has an equal version at every replica. */
  readonly version: string;
  /** What this resource adds to the digest of a set. */
  readonly digest: Digest;
  /** The `google.protobuf.Any` of the message, encoded. */
  readonly any: Uint8Array;
  /** The message itself, encoded: the last bytes of `any`. */
  readonly body: Uint8Array;
  /**
   * The resources that this one makes a proxy ask for: a cluster's load assignment, a listener's route
   * configurations, a route configuration's clusters.
   */
  readonly references: readonly string[];
  /** Milliseconds that a proxy keeps the resource without a heartbeat. */
  readonly ttl?: number;
}

/**
 * Makes a resource of an encoded message.
 * @param references see {@link Resource.references}
 * @param ttl milliseconds
 */
export function makeResource(
  typeUrl: string,
  name: string,
  body: Uint8Array,
  references: readonly string[] = [],
  ttl?: number,
): Resource {
  const any = Buffer.concat([text(1, typeUrl), lengthDelimited(2, body)]);
  const hash = digest(typeUrl, name, body, ttl === undefined ? '' : String(ttl));
  return {
    typeUrl,
    name,
    version: digestText(hash),
    digest: hash,
    any,
    body: any.subarray(any.length - body.length),
    references,
    ...(ttl !== undefined && { ttl }),
  };
}
