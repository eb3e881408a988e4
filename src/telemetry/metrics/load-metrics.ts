import { Counter, Gauge, type Registry } from 'prom-client';
import type { LoadBook, LoadTotals } from '../load/load-book.js';
import { ratesOf } from '../load/load-rates.js';
import type { XdsTotals } from './xds-totals.js';

export interface LoadMetricsSubject {
  readonly book: LoadBook;
  /** What all processes that serve proxies have counted. */
  readonly totals: () => XdsTotals;
  /** Whether there is to be a series for each service. */
  readonly perService: () => boolean;
}

/** Services with series of their own. */
const MOST_SERVICES = 1_000;
const MINUTE = 60;

/** Metrics of what proxies report. */
export function addLoadMetrics(register: Registry, { book, totals, perService }: LoadMetricsSubject): void {
  const registers = [register];
  const gauge = (name: string, help: string, value: () => number) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  const counter = (name: string, help: string, value: () => number) => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  };
  gauge('signalbox_load_report_streams', 'Proxies that report their load.', () => totals().loadStreams);
  counter('signalbox_load_reports_total', 'Load reports that came.', () => totals().loadReports);
  counter(
    'signalbox_load_clusters_ignored_total',
    'Clusters in load reports that the group of the proxy does not have, such as those of its bootstrap.',
    () => totals().loadClustersIgnored,
  );
  counter(
    'signalbox_load_instances_ignored_total',
    'Instances in load reports that are not served, or for which there was no room.',
    () => book.ignored,
  );
  gauge(
    'signalbox_load_requests_in_progress',
    'Requests under way at all services, the mean of the last minute.',
    () => [...book.services()].reduce((sum, { window }) => sum + inProgress(window, book), 0),
  );
  new Gauge({
    name: 'signalbox_service_requests_in_progress',
    help: 'Requests under way, the mean of the last minute, by service.',
    labelNames: ['service'] as const,
    registers,
    collect() {
      this.reset();
      for (const { name, window } of shown(book, perService()))
        this.set({ service: name }, inProgress(window, book));
    },
  });
  for (const [name, what, key] of TOTALS) {
    counter(`signalbox_load_${name}_total`, `${what}, as proxies report them.`, () => book.totals[key]);
    new Counter({
      name: `signalbox_service_${name}_total`,
      help: `${what}, as proxies report them, by service.`,
      labelNames: ['service'] as const,
      registers,
      collect() {
        this.reset();
        for (const service of shown(book, perService()))
          this.inc({ service: service.name }, service.window.total()[key]);
      },
    });
  }
}

const TOTALS: readonly (readonly [name: string, what: string, key: keyof LoadTotals])[] = [
  ['successes', 'Requests to instances that ended well', 'successes'],
  ['errors', 'Requests to instances that ended badly', 'errors'],
  ['dropped', 'Requests that proxies dropped themselves', 'dropped'],
];

function shown(book: LoadBook, perService: boolean) {
  return perService ? [...book.services()].slice(0, MOST_SERVICES) : [];
}

function inProgress(window: Parameters<typeof ratesOf>[0], book: LoadBook): number {
  return ratesOf(window, MINUTE, book)?.in_progress ?? 0;
}
