import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { SourceStatus } from '../catalogue/source-status.js';
import type { Config } from '../config/schema.js';
import { addressesOf } from '../resources/endpoints.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { LoadBook } from '../telemetry/load/load-book.js';
import { Metrics, type MetricsSubject } from '../telemetry/metrics/metrics.js';
import type { XdsTotals } from '../telemetry/metrics/xds-totals.js';
import { LoadReporting } from '../xds/load-reports/service.js';

/** What is there to be measured. */
export interface ObservedApp {
  readonly logger: Logger;
  readonly ready: () => boolean;
  readonly sources: () => readonly SourceStatus[];
  readonly snapshot: () => Snapshot;
  readonly release: MetricsSubject['release'];
  readonly serving: MetricsSubject['serving'];
  /** What all processes that serve proxies have counted by now. */
  readonly xds: () => Promise<XdsTotals>;
  readonly unhandledRejections: () => number;
}

/** All that measures: what proxies report, and the metrics. */
export class Observation {
  readonly load: LoadBook;
  readonly loadReporting: LoadReporting;
  readonly metrics: Metrics;
  #perService: boolean;

  constructor({ load_reports, metrics }: Config, app: ObservedApp) {
    this.#perService = metrics.per_service;
    // Goes by what is published, which is what proxies know.
    this.load = new LoadBook(
      {
        knows: (service) => app.snapshot().set(TYPE_URL.cluster).get(service) !== undefined,
        addresses: (service) => {
          const assignment = app.snapshot().set(TYPE_URL.endpoints).get(service);
          return assignment === undefined ? undefined : addressesOf(assignment);
        },
      },
      load_reports.metrics,
    );
    this.loadReporting = new LoadReporting(load_reports, (clusters) => this.load.take(clusters), app.logger);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    this.metrics = new Metrics({
      version: String(version),
      ...app,
      load: { book: this.load, perService: () => this.#perService },
    });
  }

  configure({ load_reports, metrics }: Config): void {
    this.#perService = metrics.per_service;
    this.load.keepMetrics(load_reports.metrics);
  }

  /** An answer of a registry touched these services. */
  changed(registry: string | undefined, names: ReadonlySet<string>): void {
    if (registry !== undefined && names.size > 0) this.metrics.latency.changed(registry);
  }

  /** There is a new snapshot. */
  published(): void {
    this.metrics.snapshot.published(Date.now());
    this.metrics.latency.published();
  }

  /** What has changed until now is going to be published. */
  building(): void {
    this.metrics.latency.building();
  }

  /** It is built. */
  built(milliseconds: number): void {
    this.metrics.snapshot.built(milliseconds);
    this.metrics.latency.built();
  }
}
