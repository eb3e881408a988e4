/**
 * The snapshot cache and the server that proxies connect to.
 * @module signalbox
 */
export { type ErrorCode, SignalboxError } from './errors.js';
export type { MessageTypes } from './generated/messages.js';
export { type MessageName, pack } from './protobuf/messages.js';
export { type Inconsistency, inconsistencies } from './release/consistency.js';
export {
  type ResourceOptions,
  resource,
  resourceFromBytes,
  resourceFromJson,
  type TypeName,
} from './resources/given.js';
export {
  type CacheChange,
  type CacheListener,
  type Group,
  type HistoryEntry,
  SnapshotCache,
} from './snapshot/cache.js';
export type { Digest } from './snapshot/content-hash.js';
export { LinearCache } from './snapshot/linear-cache.js';
export type { ProxyStatus, RejectedResource, TypeStatus } from './snapshot/proxy-status.js';
export type { References, Resource } from './snapshot/resource.js';
export type { ResourceChanges, ResourceSet } from './snapshot/resource-set.js';
export { Snapshot, type SnapshotChanges } from './snapshot/snapshot.js';
export { TYPE_URL } from './snapshot/type-url.js';
export type { StreamCallbacks, StreamInfo, Verdict, Veto } from './xds/callbacks.js';
export {
  type CacheServer,
  type CreateServerOptions,
  createServer,
  DEFAULT_GROUP,
} from './xds/create-server.js';
export type { ProxyNode } from './xds/node.js';
export type { Variant } from './xds/response.js';
export type { ServiceHost } from './xds/services.js';
