import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ChangeLatency, type ChangeLatencyDependencies } from './change-latency.js';
import { RecentLatency } from './recent-latency.js';
import type { TypeCounts } from './xds-counts.js';
import type { WorkerFigures, XdsTotals } from './xds-totals.js';

export interface XdsMetrics {
  readonly latency: ChangeLatency;
  readonly recent: RecentLatency;
}

/**
 * Metrics of the streams and of how long changes take to the proxies.
 * @param serving the processes that serve proxies
 * @param totals what all processes that serve proxies have counted
 */
export function addXdsMetrics(
  register: Registry,
  serving: Pick<ChangeLatencyDependencies, 'processes' | 'follow'>,
  totals: () => XdsTotals,
): XdsMetrics {
  const registers = [register];
  new Gauge({
    name: 'signalbox_xds_streams',
    help: 'Open streams of proxies, by variant.',
    labelNames: ['variant'] as const,
    registers,
    collect() {
      for (const variant of ['sotw', 'delta'] as const) this.set({ variant }, totals().streams[variant]);
    },
  });
  new Gauge({
    name: 'signalbox_xds_subscriptions',
    help: 'Types that open streams ask for, by their status as /proxies tells it.',
    labelNames: ['type', 'status'] as const,
    registers,
    collect() {
      this.reset();
      for (const [type, counts] of totals().statuses)
        for (const [status, count] of Object.entries(counts))
          this.set({ type, status: status.toLowerCase() }, count);
    },
  });
  const counter = (name: string, help: string, key: keyof TypeCounts) => {
    new Counter({
      name,
      help,
      labelNames: ['type'] as const,
      registers,
      collect() {
        this.reset();
        for (const [type, row] of totals().types) this.inc({ type }, row[key]);
      },
    });
  };
  counter('signalbox_xds_responses_total', 'Responses that were sent, heartbeats among them.', 'responses');
  counter('signalbox_xds_response_bytes_total', 'Bytes of those responses.', 'bytes');
  counter('signalbox_xds_acks_total', 'Responses that a proxy accepted.', 'acks');
  counter('signalbox_xds_nacks_total', 'Responses that a proxy refused.', 'nacks');
  new Gauge({
    name: 'signalbox_xds_held_bytes',
    help: 'Bytes that the calls of clients make the server hold, which limits.held_bytes bounds.',
    registers,
    collect() {
      this.set(totals().heldBytes);
    },
  });
  new Counter({
    name: 'signalbox_xds_refusals_total',
    help: 'Connections and calls that were refused or ended by a limit or a rule.',
    registers,
    collect() {
      this.reset();
      this.inc(totals().refusals);
    },
  });
  addWorkerMetrics(registers, () => totals().workers);
  const histogram = new Histogram({
    name: 'signalbox_registry_change_to_ack_seconds',
    help: "From a registry's change to the last proxy's acknowledgement of it.",
    labelNames: ['registry'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const recent = new RecentLatency();
  const latency = new ChangeLatency({
    ...serving,
    observe: (registry, seconds) => {
      histogram.observe({ registry }, seconds);
      recent.observe(registry, seconds);
    },
    now: () => performance.now(),
  });
  new Gauge({
    name: 'signalbox_unacknowledged_change_seconds',
    help: 'How old the oldest change is that some proxy has not acknowledged; 0 without one.',
    registers,
    collect() {
      this.set(latency.waiting);
    },
  });
  return { latency, recent };
}

/** What each worker takes of the machine; that of the first process is among the metrics of the process. */
function addWorkerMetrics(registers: Registry[], workers: () => readonly WorkerFigures[]): void {
  const gauge = (name: string, help: string, key: keyof WorkerFigures) => {
    new Gauge({
      name,
      help,
      labelNames: ['worker'] as const,
      registers,
      collect() {
        this.reset();
        for (const figures of workers()) this.set({ worker: figures.worker }, figures[key]);
      },
    });
  };
  gauge('signalbox_worker_resident_memory_bytes', 'Memory of a worker.', 'residentBytes');
  gauge(
    'signalbox_worker_eventloop_lag_p99_seconds',
    "The 99th percentile of the delays of a worker's event loop since the last scrape.",
    'lagSeconds',
  );
  new Counter({
    name: 'signalbox_worker_cpu_seconds_total',
    help: 'CPU time of a worker.',
    labelNames: ['worker'] as const,
    registers,
    collect() {
      this.reset();
      for (const { worker, cpuSeconds } of workers()) this.inc({ worker }, cpuSeconds);
    },
  });
}
