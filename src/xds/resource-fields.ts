import { lengthDelimited, lengthDelimitedHead, text, texts, varint } from '../protobuf/wire.js';
import type { Resource } from '../snapshot/resource.js';

const WRAPPER = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

/**
 * A resource as field 2 of a `DiscoveryResponse`, in pieces that are not copied.
 * @param withTtl whether its TTL is sent, where it has one
 */
export function sotwResource(resource: Resource, withTtl: boolean): readonly Uint8Array[] {
  if (resource.ttl === undefined || !withTtl)
    return [lengthDelimitedHead(2, resource.any.length), resource.any];
  const wrapped = Buffer.concat([
    text(1, resource.version),
    lengthDelimited(2, resource.any),
    text(3, resource.name),
    ttlField(resource),
  ]);
  return [lengthDelimited(2, Buffer.concat([text(1, WRAPPER), lengthDelimited(2, wrapped)]))];
}

/** A heartbeat as field 2 of a `DeltaDiscoveryResponse`: a resource without its content. */
export function deltaBeat(resource: Resource): Uint8Array {
  const beat = Buffer.concat([text(1, resource.version), text(3, resource.name), ttlField(resource)]);
  return lengthDelimited(2, beat);
}

/** That nothing answers a name, as field 2 of a `DeltaDiscoveryResponse`: the name is the alias of a resource without content. */
export function deltaAbsence(name: string): Uint8Array {
  return lengthDelimited(2, Buffer.concat([text(3, name), text(4, name)]));
}

/**
 * A resource as field 2 of a `DeltaDiscoveryResponse`, in pieces that are not copied.
 * @param aliases the names that it answers beside its own
 */
export function deltaResource(resource: Resource, aliases: readonly string[] = []): readonly Uint8Array[] {
  const version = text(1, resource.version);
  const head = lengthDelimitedHead(2, resource.any.length);
  const name = Buffer.concat([text(3, resource.name), texts(4, aliases)]);
  const ttl = ttlField(resource);
  const length = version.length + head.length + resource.any.length + name.length + ttl.length;
  return [lengthDelimitedHead(2, length), version, head, resource.any, name, ttl];
}

function ttlField(resource: Resource): Uint8Array {
  if (resource.ttl === undefined) return Buffer.alloc(0);
  const seconds = Math.floor(resource.ttl / 1000);
  return lengthDelimited(
    6,
    Buffer.concat([varint(1, seconds), varint(2, (resource.ttl - seconds * 1000) * 1_000_000)]),
  );
}
