import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { type Message, stamped, type Variant } from './response.js';

/** A gRPC server to which services can be added, such as grpc-js's `Server`. */
export interface ServiceHost {
  /** Adds the handlers of a service; throws where it has one of them already. */
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
}

/** A method of the discovery services: its variant and, where it is a service of one type, that type. */
export interface DiscoveryMethod {
  readonly name: string;
  readonly variant: Variant;
  readonly typeUrl: string | undefined;
}

interface DiscoveryService {
  readonly name: string;
  readonly methods: readonly DiscoveryMethod[];
}

const perType = (service: string, noun: string, typeUrl: string): DiscoveryService => ({
  name: service,
  methods: [
    { name: `Stream${noun}`, variant: 'sotw', typeUrl },
    { name: `Delta${noun}`, variant: 'delta', typeUrl },
  ],
});

/** The services as envoy/service/…/v3 define them, REST-style Fetch methods excepted. */
export const DISCOVERY_SERVICES: readonly DiscoveryService[] = [
  {
    name: 'envoy.service.discovery.v3.AggregatedDiscoveryService',
    methods: [
      { name: 'StreamAggregatedResources', variant: 'sotw', typeUrl: undefined },
      { name: 'DeltaAggregatedResources', variant: 'delta', typeUrl: undefined },
    ],
  },
  perType('envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters', TYPE_URL.cluster),
  perType('envoy.service.endpoint.v3.EndpointDiscoveryService', 'Endpoints', TYPE_URL.endpoints),
  perType('envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners', TYPE_URL.listener),
  perType('envoy.service.route.v3.RouteDiscoveryService', 'Routes', TYPE_URL.route),
  perType('envoy.service.route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', TYPE_URL.scopedRoute),
  {
    name: 'envoy.service.route.v3.VirtualHostDiscoveryService',
    methods: [{ name: 'DeltaVirtualHosts', variant: 'delta', typeUrl: TYPE_URL.virtualHost }],
  },
  perType(
    'envoy.service.extension.v3.ExtensionConfigDiscoveryService',
    'ExtensionConfigs',
    TYPE_URL.extensionConfig,
  ),
  perType('envoy.service.secret.v3.SecretDiscoveryService', 'Secrets', TYPE_URL.secret),
  perType('envoy.service.runtime.v3.RuntimeDiscoveryService', 'Runtime', TYPE_URL.runtime),
];

/** A definition for grpc-js that hands bytes on as they are: requests are read lazily, responses are encoded once. */
export function definition(service: DiscoveryService): ServiceDefinition {
  const entries = service.methods.map(({ name }): [string, MethodDefinition<Uint8Array, Message>] => [
    name,
    {
      path: `/${service.name}/${name}`,
      requestStream: true,
      responseStream: true,
      requestSerialize: toBuffer,
      requestDeserialize: asIs,
      responseSerialize: stamped,
      responseDeserialize: (bytes) => ({ body: bytes, nonce: '' }),
    },
  ]);
  return Object.fromEntries(entries);
}

/** For methods that take and give encoded messages. */
export const asIs = (bytes: Buffer): Uint8Array => bytes;
export const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
