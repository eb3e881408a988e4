/**
 * Builders of Envoy resources, from plain objects and from services and rules.
 * @module signalbox/resources
 */
export type { MessageTypes } from '../generated/messages.js';
export type { Address } from '../model/address.js';
export type { Consumer, TokenAlgorithm, TokenKey } from '../model/consumer.js';
export type { EnvoyJson } from '../model/envoy-json.js';
export type { Instance, InstancePolicy, Locality } from '../model/instance.js';
export type {
  AccessLog,
  CertificatePair,
  ListenerRule,
  ListenerTls,
  PairContent,
  TcpTarget,
} from '../model/listener.js';
export type {
  Auth,
  ClientAddresses,
  Cors,
  Fault,
  HashPolicy,
  HeaderEdit,
  Mirror,
  RateLimit,
  RateLimitKey,
  Redirect,
  ResponseRewrite,
  Retries,
  Rewrite,
  RouteMatch,
  RouteRule,
  Subset,
  TextMatch,
  TokenAuth,
} from '../model/route.js';
export { type MessageName, pack } from '../protobuf/messages.js';
export type { Digest } from '../snapshot/content-hash.js';
export type { Resource } from '../snapshot/resource.js';
export { TYPE_URL } from '../snapshot/type-url.js';
export { ADS, clusterResource } from './cluster.js';
export type {
  CircuitBreakers,
  ClusterPolicy,
  CommonLb,
  Dns,
  FailurePercentageKey,
  HealthCheck,
  LoadBalancing,
  OutlierDetection,
  SlowStart,
  SuccessRateKey,
  TcpKeepalive,
  UpstreamTls,
} from './cluster-policy.js';
export type { ConsumerFilter } from './consumers/filters.js';
export { consumerResources } from './consumers/resources.js';
export { type EndpointRules, endpointsResource } from './endpoints.js';
export {
  type ResourceOptions,
  resource,
  resourceFromBytes,
  resourceFromJson,
  type TypeName,
} from './given.js';
export { listenerResource } from './listener/listener.js';
export { authoritySecret, certificateSecret } from './listener/secret.js';
export type { RouteFilter } from './route/filter-configs.js';
export { routeResource } from './route/resource.js';
