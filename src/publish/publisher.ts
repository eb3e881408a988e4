import type { Logger } from 'pino';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { Coalescer } from './coalescer.js';
import type { Plan } from './plan.js';

export const DEFAULT_GROUP: Group = 'default';

export interface PublisherOptions {
  /** Milliseconds; see {@link Coalescer}. */
  readonly delay: number;
  readonly maxDelay: number;
  readonly logger: Logger;
}

/**
 * Builds what changed in the catalogue and publishes it. Nothing is published before every source has answered or
 * was left out.
 */
export class Publisher {
  readonly #coalescer: Coalescer;
  readonly #wanted: ReadonlySet<string>;
  readonly #aliases: readonly string[];
  #changed = new Set<string>();
  /** The services that have a cluster now. */
  #published = new Set<string>();
  #started = false;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly plan: Plan,
    private readonly cache: SnapshotCache,
    private readonly options: PublisherOptions,
    signal: AbortSignal,
  ) {
    this.#wanted = plan.wanted();
    this.#aliases = [...this.#wanted].filter((name) => catalogue.isAlias(name));
    this.#coalescer = new Coalescer(() => this.#publish(), options.delay, options.maxDelay, signal);
  }

  /** Whether everything has been published once. */
  get started(): boolean {
    return this.#started;
  }

  /** Takes up what the catalogue tells of these services. */
  changed(names: ReadonlySet<string>): void {
    if (!this.#started) {
      if (this.catalogue.unanswered().length === 0) this.publishAll();
      return;
    }
    if (names.size === 0) return;
    for (const name of names) this.#changed.add(name);
    for (const name of this.catalogue.aliasesOf(names, this.#aliases)) this.#changed.add(name);
    this.#coalescer.request();
  }

  /** Builds everything; what is as it was before stays the same resource. */
  publishAll(): void {
    const began = performance.now();
    this.#started = true;
    this.#published = new Set([...this.catalogue.names(), ...this.#wanted]);
    const resources = [...this.#published].flatMap((name) => {
      const { cluster, endpoints } = this.plan.service(name, this.catalogue.service(name));
      return endpoints === undefined ? [cluster] : [cluster, endpoints];
    });
    const snapshot = Snapshot.of([
      ...resources,
      ...this.plan.listeners(),
      ...this.plan.routes(this.#published),
    ]);
    this.cache.setSnapshot(DEFAULT_GROUP, snapshot);
    const milliseconds = Math.round(performance.now() - began);
    this.options.logger.info(
      { services: this.#published.size, version: snapshot.version, milliseconds },
      'published everything',
    );
  }

  #publish(): void {
    const names = this.#changed;
    this.#changed = new Set();
    const clusters = new Map<string, Resource | undefined>();
    const endpoints = new Map<string, Resource | undefined>();
    let servicesChanged = false;
    for (const name of names) {
      const view = this.catalogue.service(name);
      const built = view === undefined && !this.#wanted.has(name) ? undefined : this.plan.service(name, view);
      clusters.set(name, built?.cluster);
      endpoints.set(name, built?.endpoints);
      if ((built !== undefined) === this.#published.has(name)) continue;
      servicesChanged = true;
      if (built === undefined) this.#published.delete(name);
      else this.#published.add(name);
    }
    const changes = new Map<string, ResourceChanges>([
      [TYPE_URL.cluster, clusters],
      [TYPE_URL.endpoints, endpoints],
    ]);
    if (servicesChanged && this.plan.routesFollowServices) {
      changes.set(
        TYPE_URL.route,
        new Map(this.plan.routes(this.#published).map((route) => [route.name, route])),
      );
    }
    this.cache.updateResources(DEFAULT_GROUP, changes);
  }
}
