import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { SourceStatus } from '../../catalogue/source-status.js';
import type { ReleaseStatus } from '../../release/release.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import type { ChangeLatency, ChangeLatencyDependencies } from './change-latency.js';
import { addLoadMetrics, type LoadMetricsSubject } from './load-metrics.js';
import type { RecentLatency } from './recent-latency.js';
import { addRegistryMetrics } from './registry-metrics.js';
import { addReleaseMetrics } from './release-metrics.js';
import { addSnapshotMetrics, type SnapshotMetrics } from './snapshot-metrics.js';
import { addXdsMetrics } from './xds-metrics.js';
import { NO_TOTALS, type XdsTotals } from './xds-totals.js';

/** What is measured. */
export interface MetricsSubject {
  readonly version: string;
  /** Whether everything has been published once. */
  readonly ready: () => boolean;
  readonly sources: () => readonly SourceStatus[];
  readonly snapshot: () => Snapshot;
  readonly release: () => ReleaseStatus;
  /** The processes that serve proxies. */
  readonly serving: Pick<ChangeLatencyDependencies, 'processes' | 'follow'>;
  /** What all processes that serve proxies have counted by now. */
  readonly xds: () => Promise<XdsTotals>;
  /** Promises of this process that were rejected and awaited by nobody. */
  readonly unhandledRejections: () => number;
  readonly load: Omit<LoadMetricsSubject, 'totals'>;
}

/** The metrics of one instance. Most are read from what there is when someone asks. */
export class Metrics {
  readonly #register = new Registry();
  readonly snapshot: SnapshotMetrics;
  readonly latency: ChangeLatency;
  /** The last changes and how long they took. */
  readonly recent: RecentLatency;
  #totals = NO_TOTALS;

  constructor(private readonly subject: MetricsSubject) {
    const register = this.#register;
    const registers = [register];
    new Gauge({
      name: 'signalbox_build_info',
      help: '1, with the version.',
      labelNames: ['version', 'node_version'] as const,
      registers,
    }).set({ version: subject.version, node_version: process.versions.node }, 1);
    new Gauge({
      name: 'signalbox_ready',
      help: 'Whether everything has been published once, as /readyz tells.',
      registers,
      collect() {
        this.set(subject.ready() ? 1 : 0);
      },
    });
    const rejections = () => subject.unhandledRejections() + this.#totals.rejections;
    new Counter({
      name: 'signalbox_unhandled_rejections_total',
      help: 'Promises that were rejected and awaited by nobody, in all processes. Each is a defect.',
      registers,
      collect() {
        this.reset();
        this.inc(rejections());
      },
    });
    addRegistryMetrics(register, subject.sources, Date.now);
    this.snapshot = addSnapshotMetrics(register, subject.snapshot);
    addReleaseMetrics(register, subject.release);
    const { latency, recent } = addXdsMetrics(register, subject.serving, () => this.#totals);
    this.latency = latency;
    this.recent = recent;
    addLoadMetrics(register, { ...subject.load, totals: () => this.#totals });
    // The process itself: CPU, memory, event loop lag.
    collectDefaultMetrics({ register });
  }

  get contentType(): string {
    return this.#register.contentType;
  }

  /** Everything in the text format of Prometheus. */
  async text(): Promise<string> {
    this.#totals = await this.subject.xds();
    return await this.#register.metrics();
  }
}
