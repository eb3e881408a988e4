import pino, { type Logger } from 'pino';
import { Catalogue } from '../catalogue/catalogue.js';
import { startSource } from '../catalogue/run-source.js';
import type { ServiceView } from '../catalogue/service-view.js';
import type { Source } from '../discovery/source.js';
import { clusterResource, needsDns } from '../resources/cluster.js';
import { endpointsResource } from '../resources/endpoints.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import { Coalescer } from './coalescer.js';

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
   * an instance has a host name) and its load assignment, both with the service's name.
   */
  readonly resources?: (service: ServiceView) => Iterable<Resource>;
  /** Published with the first services: listeners and routes, say. */
  readonly beside?: Iterable<Resource>;
  /** Failed queries are logged here; nothing is without it. */
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
  const { signal, sources, logger = pino({ level: 'silent' }) } = options;
  const catalogue = new Catalogue({ logger });
  const published = new PublishedServices(options, catalogue);
  const touched = new Set<string>();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    const flush = () => {
      if (catalogue.unanswered().length > 0) return;
      published.publish(touched);
      touched.clear();
      resolve();
    };
    const coalescer = new Coalescer(flush, WAIT.least, WAIT.most, signal);
    catalogue.onChange((names) => {
      for (const name of names) touched.add(name);
      coalescer.request();
    });
    const rules = { serviceTemplate: '{service}', skipped: () => false };
    const sinks = catalogue.setSources(sources.map((source) => ({ source, rules })));
    for (const [source, sink] of sinks)
      startSource(source, { sink, restarted: () => sink.restarted(), logger, signal });
    if (sources.length === 0) flush();
  });
}

/** What stands in the cache of each service. */
class PublishedServices {
  readonly #resources = new Map<string, readonly Resource[]>();
  #beside: Iterable<Resource>;

  constructor(
    private readonly options: PublishServicesOptions,
    private readonly catalogue: Catalogue,
  ) {
    this.#beside = options.beside ?? [];
  }

  publish(names: ReadonlySet<string>): void {
    const { cache, group, resources = clusterOf } = this.options;
    const changes = new Map<string, Map<string, Resource | undefined>>();
    const put = (typeUrl: string, name: string, resource: Resource | undefined) => {
      const ofType = changes.get(typeUrl) ?? new Map<string, Resource | undefined>();
      changes.set(typeUrl, ofType.set(name, resource));
    };
    const made: Resource[] = [...this.#beside];
    for (const name of names) {
      for (const { typeUrl, name: gone } of this.#resources.get(name) ?? []) put(typeUrl, gone, undefined);
      const view = this.catalogue.service(name);
      const own = view === undefined ? [] : [...resources(view)];
      if (own.length === 0) this.#resources.delete(name);
      else this.#resources.set(name, own);
      made.push(...own);
    }
    for (const resource of made) put(resource.typeUrl, resource.name, resource);
    this.#beside = [];
    cache.updateResources(group, changes);
  }
}

function clusterOf({ name, instances }: ServiceView): readonly Resource[] {
  const cluster = clusterResource(name, instances, { connectTimeout: 1_000, lbPolicy: 'ROUND_ROBIN' });
  return needsDns(instances) ? [cluster] : [cluster, endpointsResource(name, instances)];
}
