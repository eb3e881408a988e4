import { Client, type ClientDuplexStream } from '@grpc/grpc-js';
import { messageOf } from '../errors.js';
import type { DeltaDiscoveryRequest } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DeltaDiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { Resource as WireResource } from '../generated/types/envoy/service/discovery/v3/Resource.js';
import { decode, encode, packedBytes } from '../protobuf/messages.js';
import { RELAY_USER_AGENT } from '../release/proxy-answers.js';
import { referencesOf } from '../resources/references.js';
import { makeResource, type References, type Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { Upstream } from './upstream.js';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** In the order in which a new resource needs the others. */
export const RELAYED_TYPES: readonly string[] = [
  TYPE_URL.cluster,
  TYPE_URL.endpoints,
  TYPE_URL.secret,
  TYPE_URL.extensionConfig,
  TYPE_URL.route,
  TYPE_URL.listener,
  TYPE_URL.runtime,
];

const CHANNEL = {
  'grpc.max_receive_message_length': -1,
  // An upstream that hangs is noticed.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.use_local_subchannel_pool': 1,
};

/** Told of what an upstream says. */
export interface DeltaSink {
  /** @param changes none where the upstream has nothing of the type, or nothing new */
  changed(typeUrl: string, changes: ResourceChanges): void;
}

/**
 * One delta ADS stream that asks an upstream for everything of every type.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#incremental-xds
 * @param known what need not be sent again
 * @returns why it ended; never rejects
 */
export async function followUpstream(
  upstream: Upstream,
  known: Snapshot,
  sink: DeltaSink,
  signal: AbortSignal,
): Promise<string> {
  let client: Client | undefined;
  try {
    client = new Client(upstream.address, upstream.credentials(), CHANNEL);
    const call = client.makeBidiStreamRequest(METHOD, serialize, deserialize, upstream.metadata());
    return await followed(call, upstream, known, sink, signal).finally(() => call.cancel());
  } catch (thrown) {
    return messageOf(thrown);
  } finally {
    client?.close();
  }
}

type Call = ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

async function followed(
  call: Call,
  { node }: Upstream,
  known: Snapshot,
  sink: DeltaSink,
  signal: AbortSignal,
): Promise<string> {
  return await new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve('ended'), { once: true });
    call.on('error', (error) => resolve(messageOf(error)));
    call.on('end', () => resolve('the upstream ended the stream'));
    call.on('data', (response: DeltaDiscoveryResponse) => {
      try {
        take(response, call, sink);
      } catch (thrown) {
        resolve(messageOf(thrown));
      }
    });
    for (const typeUrl of RELAYED_TYPES) {
      const versions = [...known.set(typeUrl).values()].map(({ name, version }) => [name, version]);
      call.write({
        node: { ...node, user_agent_name: RELAY_USER_AGENT },
        type_url: typeUrl,
        resource_names_subscribe: ['*'],
        initial_resource_versions: Object.fromEntries(versions),
      });
    }
  });
}

function take(
  { type_url = '', nonce = '', resources = [], removed_resources = [] }: DeltaDiscoveryResponse,
  call: Call,
  sink: DeltaSink,
): void {
  const changes = new Map<string, Resource | undefined>(removed_resources.map((name) => [name, undefined]));
  for (const wire of resources) {
    const resource = resourceOf(type_url, wire);
    if (resource !== undefined) changes.set(resource.name, resource);
  }
  sink.changed(type_url, changes);
  call.write({ type_url, response_nonce: nonce });
}

/** Undefined for a heartbeat, which has no content. */
function resourceOf(typeUrl: string, { name = '', resource, ttl }: WireResource): Resource | undefined {
  if (resource == null) return undefined;
  const body = packedBytes(resource);
  const milliseconds =
    ttl == null ? undefined : Number(ttl.seconds ?? 0) * 1_000 + Math.round((ttl.nanos ?? 0) / 1e6);
  return makeResource(typeUrl, name, body, referencesIn(typeUrl, body), milliseconds);
}

/** Of a resource that cannot be read here none: whether it can be used is for the proxies to say, as it is upstream. */
function referencesIn(typeUrl: string, body: Uint8Array): References {
  try {
    return referencesOf(typeUrl, body);
  } catch {
    return [];
  }
}

const serialize = (request: DeltaDiscoveryRequest): Buffer =>
  Buffer.from(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request));
const deserialize = (bytes: Buffer): DeltaDiscoveryResponse =>
  decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
