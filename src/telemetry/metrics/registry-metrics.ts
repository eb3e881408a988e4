import { Counter, Gauge, type Registry } from 'prom-client';
import type { SourceStatus } from '../../catalogue/source-status.js';
import { FILTER_REASONS } from '../../model/instance.js';

/**
 * Metrics of each server of each registry, read from the statuses that the admin API shows.
 * @param now milliseconds since the epoch
 */
export function addRegistryMetrics(
  register: Registry,
  sources: () => readonly SourceStatus[],
  now: () => number,
): void {
  const labelNames = ['registry', 'server'] as const;
  const registers = [register];
  const gauge = (name: string, help: string, value: (status: SourceStatus) => number | undefined) => {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const status of sources()) {
          const { registry, server } = status;
          const known = value(status);
          if (known !== undefined) this.set({ registry, server }, known);
        }
      },
    });
  };
  gauge('signalbox_registry_up', 'Whether the last query was answered.', ({ state }) =>
    state === 'synced' ? 1 : 0,
  );
  gauge(
    'signalbox_registry_lag_seconds',
    'How long ago the last good answer came, while queries fail; else 0.',
    ({ state, lastSuccess }) =>
      state === 'synced' ? 0 : lastSuccess === undefined ? undefined : (now() - lastSuccess) / 1_000,
  );
  gauge(
    'signalbox_registry_last_success_timestamp_seconds',
    'When the last good answer came, since the epoch.',
    ({ lastSuccess }) => (lastSuccess === undefined ? undefined : lastSuccess / 1_000),
  );
  gauge('signalbox_registry_services', 'Services that are known of the server.', ({ services }) => services);
  gauge(
    'signalbox_registry_instances',
    'Instances of the server that are served.',
    ({ instances }) => instances,
  );
  gauge(
    'signalbox_registry_instances_held',
    'Instances that are served although the server has lost them.',
    ({ held }) => held?.instances ?? 0,
  );
  gauge(
    'signalbox_registry_services_failing',
    'Services whose own query fails, or that are left out because of their name.',
    ({ failingServices }) => failingServices.count,
  );
  new Gauge({
    name: 'signalbox_registry_instances_filtered',
    help: 'Entries of the server that are not served, by reason.',
    labelNames: [...labelNames, 'reason'] as const,
    registers,
    collect() {
      this.reset();
      for (const { registry, server, filteredBy } of sources())
        for (const reason of FILTER_REASONS) this.set({ registry, server, reason }, filteredBy[reason] ?? 0);
    },
  });
  const counter = (name: string, help: string, value: (status: SourceStatus) => number) => {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const status of sources()) {
          const { registry, server } = status;
          this.inc({ registry, server }, value(status));
        }
      },
    });
  };
  counter('signalbox_registry_errors_total', 'Queries that failed.', ({ failures }) => failures);
  counter(
    'signalbox_registry_service_errors_total',
    'Queries of single services that failed while the registry answered.',
    ({ failingServices }) => failingServices.failures,
  );
}
