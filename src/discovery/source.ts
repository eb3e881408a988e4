import type { SignalboxError } from '../errors.js';
import type { FilteredInstance, Instance } from '../model/instance.js';

/** A service as its registry names it. The catalogue turns it into a cluster name by the `service_template`. */
export interface ServiceKey {
  readonly service: string;
  readonly namespace?: string;
  readonly group?: string;
}

/** The full state of one service at one source. An empty `instances` is an answer: there is nothing to serve. */
export interface ServiceState {
  readonly instances: readonly Instance[];
  readonly filtered: readonly FilteredInstance[];
}

/**
 * What a source tells. Nothing it `set`s counts before the next `synced`, so that one answer of a registry is seen
 * as a whole or not at all.
 */
export interface SourceSink {
  /** The full state of a service, or undefined where the registry has it no more. Unchanged states may be repeated. */
  set(key: ServiceKey, state: ServiceState | undefined): void;
  /**
   * The registry has answered and everything it said has been `set`; also after an answer without a change.
   * @param revision the registry's own index or revision, for `/registries`
   */
  synced(revision?: string): void;
  /** A query failed: what was good stays, the error is shown. `set` since the last `synced` is dropped. */
  failed(error: SignalboxError): void;
  /**
   * The query of one service failed while the registry answers others: the last good state of the service stays, also
   * one that was restored from a file, and the error is shown with it. This is no answer of the service. It counts
   * immediately and lasts until the service is `set` again, to undefined where the registry no longer has it, so a
   * source repeats the state of a service that answers again. A source retries such a service with a back-off of its own.
   * @param error with the code `service_name_invalid` where the registry's API cannot address the name: such a service
   * is left out, and no earlier state of it stays
   */
  serviceFailed(key: ServiceKey, error: SignalboxError): void;
}

/**
 * One independent server, or one cluster of servers that agree, of a registry. A registry of several independent
 * servers (Consul KV) is several sources with the same registry name.
 */
export interface Source {
  /** The name of the registry in the configuration. */
  readonly registry: string;
  /** The server, for people: its address without user and password. */
  readonly server: string;
  /**
   * Watches until `signal` is aborted, then resolves. Failures of the registry go to `sink.failed` and are retried
   * inside, with back-off; what rejects is a defect.
   */
  run(sink: SourceSink, signal: AbortSignal): Promise<void>;
  /**
   * The service of this source alone that a route means by `name`, such as APISIX's full name
   * `http://127.0.0.1:8500/v1/kv/upstreams/user/`; undefined if `name` is nothing of the kind.
   */
  alias?(name: string): ServiceKey | undefined;
}
