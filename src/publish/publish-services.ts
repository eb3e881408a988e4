import type { Logger } from 'pino';
import { askOutside, tellOutside } from '../base/outside-code.js';
import { Catalogue } from '../catalogue/catalogue.js';
import { startSource } from '../catalogue/run-source.js';
import type { ServiceView } from '../catalogue/service-view.js';
import type { Source } from '../discovery/source.js';
import { messageOf } from '../errors.js';
import { clusterResource, needsDns } from '../resources/cluster.js';
import { endpointsResource } from '../resources/endpoints.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import { guardedLogger } from '../telemetry/guarded-logger.js';
import { Coalescer } from './coalescer.js';
import { guardedSource } from './guarded-source.js';

/** What {@link publishServices} takes. */
export interface PublishServicesOptions {
  /** What is watched. Of equal instances that of the source that comes first counts. */
  readonly sources: readonly Source[];
  /** Where the resources go. */
  readonly cache: SnapshotCache;
  /** The group of proxies that gets them. */
  readonly group: Group;
  /** Ends the watching; what was published stays. */
  readonly signal: AbortSignal;
  /**
   * Makes the resources of a service, each named by nobody else. Without it an EDS cluster (or a STRICT_DNS one, where
   * an instance has a host name) and its load assignment, both with the service's name. Where it throws, the service
   * keeps what it had, and the error is logged.
   */
  readonly resources?: (service: ServiceView) => Iterable<Resource>;
  /** Published with the first services: listeners and routes, say. */
  readonly beside?: Iterable<Resource>;
  /** Failed queries are logged here, and what `resources` or a source throws; nothing is without it. */
  readonly logger?: Logger;
}

/** Milliseconds between two changes of the snapshot, and the most while they come in floods. */
const WAIT = { least: 10, most: 1_000 };

/**
 * Watches sources and keeps the resources of their services in a cache. Nothing is published before each source has
 * answered once; a failed query keeps what was good; a change costs what has changed.
 * @returns when the first snapshot is published, or the signal is aborted
 */
export async function publishServices(options: PublishServicesOptions): Promise<void> {
  const { signal, sources } = options;
  const logger = guardedLogger(options.logger);
  const catalogue = new Catalogue({ logger });
  const published = new PublishedServices(options, catalogue, logger);
  const touched = new Set<string>();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    const flush = () => {
      if (catalogue.unanswered().length > 0) return;
      tellOutside(
        () => published.publish(touched),
        (thrown) => logger.error({ err: thrown }, `services could not be published: ${messageOf(thrown)}`),
      );
      touched.clear();
      resolve();
    };
    const coalescer = new Coalescer(flush, WAIT.least, WAIT.most, signal);
    catalogue.onChange((names) => {
      for (const name of names) touched.add(name);
      coalescer.request();
    });
    const rules = { serviceTemplate: '{service}', skipped: () => false };
    const guarded = sources.map((source) => guardedSource(source, logger));
    const sinks = catalogue.setSources(guarded.map((source) => ({ source, rules })));
    for (const [source, sink] of sinks)
      startSource(source, { sink, restarted: () => sink.restarted(), logger, signal });
    if (sources.length === 0) flush();
  });
}

/** What stands in the cache of each service. */
class PublishedServices {
  readonly #resources = new Map<string, readonly Resource[]>();
  #beside: readonly Resource[];

  constructor(
    private readonly options: PublishServicesOptions,
    private readonly catalogue: Catalogue,
    private readonly logger: Logger,
  ) {
    this.#beside = [...(options.beside ?? [])].map(required);
  }

  publish(names: ReadonlySet<string>): void {
    const { cache, group } = this.options;
    const changes = new Map<string, Map<string, Resource | undefined>>();
    const put = (typeUrl: string, name: string, resource: Resource | undefined) => {
      const ofType = changes.get(typeUrl) ?? new Map<string, Resource | undefined>();
      changes.set(typeUrl, ofType.set(name, resource));
    };
    const made: Resource[] = [...this.#beside];
    for (const name of names) {
      const own = this.#made(name);
      if (own === undefined) continue;
      for (const { typeUrl, name: gone } of this.#resources.get(name) ?? []) put(typeUrl, gone, undefined);
      if (own.length === 0) this.#resources.delete(name);
      else this.#resources.set(name, own);
      made.push(...own);
    }
    for (const resource of made) put(resource.typeUrl, resource.name, resource);
    this.#beside = [];
    cache.updateResources(group, changes);
  }

  /** The resources of a service; undefined where they cannot be made. */
  #made(name: string): readonly Resource[] | undefined {
    const { resources = clusterOf } = this.options;
    const view = this.catalogue.service(name);
    if (view === undefined) return [];
    const failed = (thrown: unknown): undefined => {
      this.logger.error(
        { service: name, err: thrown },
        `the resources of a service could not be made, it keeps what it had: ${messageOf(thrown)}`,
      );
    };
    const made = askOutside<Iterable<Resource> | undefined>(() => resources(view), failed);
    return made && askOutside<readonly Resource[] | undefined>(() => [...made].map(required), failed);
  }
}

/** @throws TypeError for anything but a resource */
function required(resource: Resource): Resource {
  if (
    typeof resource?.typeUrl === 'string' &&
    typeof resource.name === 'string' &&
    resource.any instanceof Uint8Array
  )
    return resource;
  throw new TypeError(
    'expected a resource, as the functions resource, resourceFromJson and resourceFromBytes make it',
  );
}

function clusterOf({ name, instances }: ServiceView): readonly Resource[] {
  const cluster = clusterResource(name, instances, { connectTimeout: 1_000, lbPolicy: 'ROUND_ROBIN' });
  return needsDns(instances) ? [cluster] : [cluster, endpointsResource(name, instances)];
}
