import protobuf from 'protobufjs';
import type { DeltaDiscoveryRequest } from '../../src/generated/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DiscoveryRequest } from '../../src/generated/types/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { Resource } from '../../src/generated/types/envoy/service/discovery/v3/Resource.js';
import type { Any } from '../../src/generated/types/google/protobuf/Any.js';
import type { Duration } from '../../src/generated/types/google/protobuf/Duration.js';
import { decode, descriptors, encode } from '../../src/protobuf/messages.js';
import type { Variant } from './variant.js';

/** A response as it came, of either protocol. */
export interface Received {
  readonly typeUrl: string;
  readonly nonce: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  readonly identifier: string;
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

export interface ReceivedResource {
  readonly name: string;
  /** Of this resource; SotW has none but on resources with a TTL. */
  readonly version: string;
  /** The type of the message inside; empty in a heartbeat, which has none. */
  readonly typeUrl: string;
  readonly body: Uint8Array;
  /** Milliseconds. */
  readonly ttl: number | undefined;
  /** The names that it answers beside its own. */
  readonly aliases: readonly string[];
}

/** A request of either protocol; what a protocol does not have must not be set. */
export interface Sent {
  readonly typeUrl: string;
  readonly node?: { readonly id: string; readonly cluster: string; readonly user_agent_name?: string };
  readonly nonce?: string;
  readonly error?: string;
  /** SotW */
  readonly names?: readonly string[];
  readonly version?: string;
  /** delta */
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly known?: ReadonlyMap<string, string>;
}

export function encodeRequest(protocol: Variant['protocol'], sent: Sent): Uint8Array {
  const common = {
    type_url: sent.typeUrl,
    ...(sent.node !== undefined && { node: sent.node }),
    ...(sent.nonce !== undefined && { response_nonce: sent.nonce }),
    ...(sent.error !== undefined && { error_detail: { code: 3, message: sent.error } }),
  };
  if (protocol === 'sotw') {
    const request: DiscoveryRequest = {
      ...common,
      resource_names: [...(sent.names ?? [])],
      version_info: sent.version ?? '',
    };
    return encode('envoy.service.discovery.v3.DiscoveryRequest', request);
  }
  const request: DeltaDiscoveryRequest = {
    ...common,
    resource_names_subscribe: [...(sent.subscribe ?? [])],
    resource_names_unsubscribe: [...(sent.unsubscribe ?? [])],
    initial_resource_versions: Object.fromEntries(sent.known ?? []),
  };
  return encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request);
}

export function decodeResponse(protocol: Variant['protocol'], bytes: Uint8Array): Received {
  if (protocol === 'sotw') {
    const response = decode('envoy.service.discovery.v3.DiscoveryResponse', bytes);
    return {
      typeUrl: response.type_url ?? '',
      nonce: response.nonce ?? '',
      version: response.version_info ?? '',
      identifier: response.control_plane?.identifier ?? '',
      resources: (response.resources ?? []).map(fromAny),
      removed: [],
    };
  }
  const response = decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
  return {
    typeUrl: response.type_url ?? '',
    nonce: response.nonce ?? '',
    version: response.system_version_info ?? '',
    identifier: response.control_plane?.identifier ?? '',
    resources: (response.resources ?? []).map(fromWrapper),
    removed: response.removed_resources ?? [],
  };
}

const WRAPPER = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

function fromAny(any: Any): ReceivedResource {
  const { typeUrl, body } = contentOf(any);
  if (typeUrl === WRAPPER) return fromWrapper(readWrapper(body));
  return { name: nameIn(body), version: '', typeUrl, body, ttl: undefined, aliases: [] };
}

function fromWrapper(wrapper: Resource): ReceivedResource {
  return {
    name: wrapper.name ?? '',
    version: wrapper.version ?? '',
    ...contentOf(wrapper.resource ?? null),
    ttl: millisecondsOf(wrapper.ttl ?? null),
    aliases: wrapper.aliases ?? [],
  };
}

/** Where a TTL is to go with a resource, SotW has the same wrapper that delta has always. */
function readWrapper(bytes: Uint8Array): Resource {
  const type = descriptors().lookupType('envoy.service.discovery.v3.Resource');
  return type.toObject(type.decode(bytes), { longs: String });
}

function contentOf(any: Any | null): { readonly typeUrl: string; readonly body: Uint8Array } {
  if (any === null || !isEncoded(any)) return { typeUrl: '', body: Buffer.alloc(0) };
  return { typeUrl: any.type_url, body: any.value };
}

function isEncoded(any: Any): any is { type_url: string; value: Uint8Array } {
  return 'type_url' in any && 'value' in any && any.value instanceof Uint8Array;
}

function millisecondsOf(duration: Duration | null): number | undefined {
  if (duration === null) return undefined;
  return Number(duration.seconds ?? 0) * 1_000 + (duration.nanos ?? 0) / 1_000_000;
}

/** A resource's name is field 1 of every type that is served, `cluster_name` of a load assignment included. */
function nameIn(body: Uint8Array): string {
  const reader = protobuf.Reader.create(body);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) return reader.string();
    reader.skipType(tag & 7);
  }
  return '';
}
