import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import { discoveryName } from '../../xds/type-names.js';

/** What the publication of snapshots tells. */
export interface SnapshotMetrics {
  /** @param at milliseconds since the epoch */
  published(at: number): void;
  built(milliseconds: number): void;
}

/** Metrics of what is published. */
export function addSnapshotMetrics(register: Registry, snapshot: () => Snapshot): SnapshotMetrics {
  const registers = [register];
  new Gauge({
    name: 'signalbox_snapshot_info',
    help: '1, with the version of the snapshot that is served: equal at replicas that serve the same.',
    labelNames: ['version'] as const,
    registers,
    collect() {
      this.reset();
      this.set({ version: snapshot().version }, 1);
    },
  });
  new Gauge({
    name: 'signalbox_snapshot_resources',
    help: 'Resources in the snapshot, by type; a cluster (CDS) is a service.',
    labelNames: ['type'] as const,
    registers,
    collect() {
      for (const typeUrl of Object.values(TYPE_URL))
        this.set({ type: discoveryName(typeUrl) }, snapshot().set(typeUrl).size);
    },
  });
  const publications = new Counter({
    name: 'signalbox_snapshot_publications_total',
    help: 'Snapshots that were published.',
    registers,
  });
  const last = new Gauge({
    name: 'signalbox_snapshot_last_publication_timestamp_seconds',
    help: 'When a snapshot was published last, since the epoch; 0 before the first.',
    registers,
  });
  const build = new Histogram({
    name: 'signalbox_snapshot_build_seconds',
    help: 'How long it took to build what had changed and to hand it to the streams.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    published: (at) => {
      publications.inc();
      last.set(at / 1_000);
    },
    built: (milliseconds) => build.observe(milliseconds / 1_000),
  };
}
