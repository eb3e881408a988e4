import type { ClusterLoad } from '../../xds/load-reports/report.js';
import { BUCKET_SECONDS, LoadWindow, MOST_BUCKETS } from './load-window.js';

/** What is served now, so that nothing else is kept. */
export interface LoadSubject {
  readonly knows: (service: string) => boolean;
  /** The addresses of a service's instances; undefined where proxies find them out themselves, by DNS. */
  readonly addresses: (service: string) => ReadonlySet<string> | undefined;
}

/** Sums over all services, also those that are gone. */
export interface LoadTotals {
  readonly successes: number;
  readonly errors: number;
  readonly dropped: number;
}

/** All that is kept of one service. */
export interface ServiceLoad {
  readonly name: string;
  readonly window: LoadWindow;
  /** By address. */
  readonly instances: ReadonlyMap<string, LoadWindow>;
  /** Milliseconds since the epoch. */
  readonly lastReport: number;
}

interface KeptService extends ServiceLoad {
  readonly instances: Map<string, LoadWindow>;
  lastReport: number;
}

/** Over all services; 1 KB each. */
const MOST_INSTANCES = 20_000;
/** Of a service whose addresses only the proxies know. */
const MOST_RESOLVED = 64;

/**
 * The load that proxies have reported, by service and instance. Holds what is served, and no more: a name that a proxy
 * makes up is passed over, and what is no longer served is forgotten within seconds.
 */
export class LoadBook {
  readonly #services = new Map<string, KeptService>();
  /** In buckets. */
  readonly #began: number;
  #instances = 0;
  #ignored = 0;
  #totals: LoadTotals = { successes: 0, errors: 0, dropped: 0 };
  #swept = 0;

  #metrics: readonly string[];

  /**
   * @param metrics names of what instances say of themselves; others are left out
   * @param now milliseconds since the epoch
   */
  constructor(
    private readonly subject: LoadSubject,
    metrics: readonly string[],
    private readonly now: () => number = Date.now,
  ) {
    this.#metrics = metrics;
    this.#began = this.now() / 1_000 / BUCKET_SECONDS;
    this.#swept = this.bucket;
  }

  /** The number of the bucket that is being filled. */
  get bucket(): number {
    return Math.floor(this.now() / 1_000 / BUCKET_SECONDS);
  }

  /**
   * The last `seconds` in whole buckets, or all there has been where that is less; undefined where it is too little to
   * say anything.
   */
  span(seconds: number): { readonly buckets: number; readonly seconds: number } | undefined {
    const { bucket } = this;
    const first = Math.max(bucket - Math.round(seconds / BUCKET_SECONDS), Math.floor(this.#began));
    const measured = (bucket - Math.max(first, this.#began)) * BUCKET_SECONDS;
    return measured < BUCKET_SECONDS / 2 ? undefined : { buckets: bucket - first, seconds: measured };
  }

  /** How often a report told of an instance that is not served, or for which there is no room. */
  get ignored(): number {
    return this.#ignored;
  }

  get totals(): LoadTotals {
    return this.#totals;
  }

  take(clusters: readonly ClusterLoad[]): void {
    this.#sweep();
    // A proxy reports on clusters of its own bootstrap too.
    for (const cluster of clusters) if (this.subject.knows(cluster.cluster)) this.#add(cluster);
  }

  /** Keeps what instances say under other names from now on, for which everything is counted anew. */
  keepMetrics(names: readonly string[]): void {
    if (JSON.stringify(names) === JSON.stringify(this.#metrics)) return;
    this.#metrics = names;
    this.#services.clear();
    this.#instances = 0;
  }

  services(): Iterable<ServiceLoad> {
    this.#sweep();
    return this.#services.values();
  }

  service(name: string): ServiceLoad | undefined {
    this.#sweep();
    return this.#services.get(name);
  }

  #add(cluster: ClusterLoad): void {
    const { cluster: name, seconds, dropped, endpoints } = cluster;
    const { bucket } = this;
    const service = this.#services.get(name) ?? {
      name,
      window: new LoadWindow(this.#metrics, bucket),
      instances: new Map(),
      lastReport: 0,
    };
    this.#services.set(name, service);
    service.lastReport = this.now();
    service.window.add(bucket, cluster, dropped, seconds);
    this.#totals = {
      successes: this.#totals.successes + cluster.successes,
      errors: this.#totals.errors + cluster.errors,
      dropped: this.#totals.dropped + dropped,
    };
    const addresses = endpoints.length === 0 ? undefined : this.subject.addresses(name);
    for (const endpoint of endpoints) {
      const { instances } = service;
      const room = addresses?.has(endpoint.address) ?? instances.size < MOST_RESOLVED;
      const kept = instances.get(endpoint.address);
      if (kept === undefined && (!room || this.#instances >= MOST_INSTANCES)) {
        this.#ignored += 1;
        continue;
      }
      const window = kept ?? new LoadWindow(this.#metrics, bucket);
      if (kept === undefined) this.#instances += 1;
      instances.set(endpoint.address, window);
      window.add(bucket, endpoint, 0, seconds);
    }
  }

  /** Forgets what is gone, once in a bucket. */
  #sweep(): void {
    const { bucket } = this;
    if (bucket === this.#swept) return;
    this.#swept = bucket;
    for (const [name, service] of this.#services) {
      if (this.subject.knows(name)) {
        this.#sweepInstances(service, bucket);
        continue;
      }
      this.#services.delete(name);
      this.#instances -= service.instances.size;
    }
  }

  #sweepInstances({ name, instances }: KeptService, bucket: number): void {
    if (instances.size === 0) return;
    const addresses = this.subject.addresses(name);
    for (const [address, window] of instances) {
      const stays = addresses?.has(address) ?? window.lastBucket >= bucket - MOST_BUCKETS;
      if (stays) continue;
      instances.delete(address);
      this.#instances -= 1;
    }
  }
}
