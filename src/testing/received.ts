import protobuf from 'protobufjs';
import type { MessageTypes } from '../generated/messages.js';
import type { DeltaDiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { DiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DiscoveryResponse.js';
import type { Resource } from '../generated/types/envoy/service/discovery/v3/Resource.js';
import type { Any } from '../generated/types/google/protobuf/Any.js';
import type { Duration } from '../generated/types/google/protobuf/Duration.js';
import { decode, descriptors, type MessageName } from '../protobuf/messages.js';
import type { XdsResponse } from './xds-client.js';

/** A resource as it came over the wire. */
export interface ReceivedResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Its own version; SotW knows none but the response's. */
  readonly version: string;
  /** The message, encoded; undefined for a heartbeat. */
  readonly body: Uint8Array | undefined;
  /** Milliseconds that a proxy keeps it without a heartbeat. */
  readonly ttl: number | undefined;
}

/**
 * The message of a received resource, with Envoy's own field names.
 * @param type the message's full name, such as `envoy.config.cluster.v3.Cluster`
 * @throws SignalboxError `resource_invalid` for bytes that are no such message
 */
export function messageIn<Name extends MessageName>(
  type: Name,
  { body = new Uint8Array() }: ReceivedResource,
): MessageTypes[Name] {
  return decode(type, body);
}

const WRAPPER = '/envoy.service.discovery.v3.Resource';

export function readSotw(response: DiscoveryResponse): XdsResponse {
  const { type_url = '', version_info = '', nonce = '', resources = [] } = response;
  return {
    typeUrl: type_url,
    version: version_info,
    nonce,
    removed: [],
    resources: resources.map((any) => {
      const { type_url: ofAny, value } = packed(any);
      if (!ofAny.endsWith(WRAPPER)) return received(type_url, nameIn(value), version_info, value, undefined);
      const wrapper = descriptors().lookupType('envoy.service.discovery.v3.Resource').decode(value);
      return wrapped(type_url, wrapper as Resource);
    }),
  };
}

export function readDelta(response: DeltaDiscoveryResponse): XdsResponse {
  const { type_url = '', system_version_info = '', nonce = '', resources = [] } = response;
  return {
    typeUrl: type_url,
    version: system_version_info,
    nonce,
    removed: response.removed_resources ?? [],
    resources: resources.map((resource) => wrapped(type_url, resource)),
  };
}

function wrapped(typeUrl: string, { name = '', version = '', resource, ttl }: Resource): ReceivedResource {
  const body = resource === null || resource === undefined ? undefined : packed(resource).value;
  return received(typeUrl, name, version, body, ttl ?? undefined);
}

function received(
  typeUrl: string,
  name: string,
  version: string,
  body: Uint8Array | undefined,
  ttl: Duration | undefined,
): ReceivedResource {
  const milliseconds = ttl && Number(ttl.seconds ?? 0) * 1_000 + (ttl.nanos ?? 0) / 1_000_000;
  return { typeUrl, name, version, body, ttl: milliseconds };
}

function packed(any: Any): { readonly type_url: string; readonly value: Uint8Array } {
  const { type_url, value } = any as { readonly type_url?: unknown; readonly value?: unknown };
  return { type_url: String(type_url ?? ''), value: value instanceof Uint8Array ? value : new Uint8Array() };
}

/** Every resource type of xDS has its name in its first field. */
function nameIn(body: Uint8Array): string {
  const reader = protobuf.Reader.create(body);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1 && (tag & 7) === 2) return reader.string();
    reader.skipType(tag & 7);
  }
  return '';
}
