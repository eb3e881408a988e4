import { lengthDelimited, text } from '../protobuf/wire.js';
import { type Digest, digest, digestText } from './content-hash.js';
import { TYPE_URL } from './type-url.js';

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
  /** The resources that this one names, which a proxy asks for because of it. */
  readonly references: References;
  /** Milliseconds that a proxy keeps the resource without a heartbeat. */
  readonly ttl?: number;
}

/** Names of resources, by their type; each type once. */
export type References = readonly { readonly typeUrl: string; readonly names: readonly string[] }[];

/** The type that resources of a type refer to first of all. */
const REFERRED: ReadonlyMap<string, string> = new Map([
  [TYPE_URL.cluster, TYPE_URL.endpoints],
  [TYPE_URL.listener, TYPE_URL.route],
  [TYPE_URL.scopedRoute, TYPE_URL.route],
  [TYPE_URL.route, TYPE_URL.cluster],
]);

/**
 * References to a cluster's load assignments, a listener's or a scope's route configurations, or a route
 * configuration's clusters; none for other types.
 * @param typeUrl of what refers
 */
export function referencesByName(typeUrl: string, names: readonly string[]): References {
  const referred = REFERRED.get(typeUrl);
  return referred === undefined || names.length === 0 ? [] : [{ typeUrl: referred, names }];
}

/** The names that a resource refers to of one type. */
export function referredNames(
  { references }: Pick<Resource, 'references'>,
  typeUrl: string,
): readonly string[] {
  return references.find((ofType) => ofType.typeUrl === typeUrl)?.names ?? [];
}

/**
 * Makes a resource of an encoded message.
 * @param references what it refers to; names alone are read as {@link referencesByName} does
 * @param ttl milliseconds
 */
export function makeResource(
  typeUrl: string,
  name: string,
  body: Uint8Array,
  references: readonly string[] | References = [],
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
    references: references.every((reference) => typeof reference === 'string')
      ? referencesByName(typeUrl, references)
      : references,
    ...(ttl !== undefined && { ttl }),
  };
}
