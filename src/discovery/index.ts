/**
 * The sources of services, the interface to write another, and the way from sources to a cache.
 * @module signalbox/discovery
 */
export { type CreateSourcesOptions, createSources, type RegistryDescription } from '../app/create-sources.js';
export type { PlacedFilteredInstance, PlacedInstance, ServiceView } from '../catalogue/service-view.js';
export type { RegistryType } from '../config/registries.js';
export { type ErrorCode, SignalboxError } from '../errors.js';
export {
  FILTER_REASONS,
  type FilteredInstance,
  type FilterReason,
  type Instance,
  type InstancePolicy,
  type Locality,
} from '../model/instance.js';
export { type RawInstance, type ReadInstance, readInstance } from '../model/read-instance.js';
export { type PublishServicesOptions, publishServices } from '../publish/publish-services.js';
export { Backoff } from './backoff.js';
export { pause } from './pause.js';
export type { ServiceKey, ServiceState, Source, SourceSink } from './source.js';
