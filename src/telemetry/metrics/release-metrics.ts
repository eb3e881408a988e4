import { Gauge, type Registry } from 'prom-client';
import type { OwnTroubleReason } from '../../release/own-troubles.js';
import type { Quarantined } from '../../release/quarantine.js';
import type { ReleaseStatus } from '../../release/release.js';

const STATES: readonly Quarantined['state'][] = ['rejected', 'suspected', 'kept'];
const REASONS: readonly OwnTroubleReason[] = ['accepted_by_others', 'cannot_bind', 'rejects_too_much'];

/** Metrics of what proxies reject. */
export function addReleaseMetrics(
  register: Registry,
  status: () => Pick<ReleaseStatus, 'quarantined' | 'heldBack'>,
): void {
  const registers = [register];
  new Gauge({
    name: 'signalbox_quarantined_resources',
    help: 'Versions of resources that proxies reject: rejected or suspected ones are held back, kept ones are served on.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      const { quarantined } = status();
      for (const state of STATES)
        this.set({ state }, quarantined.filter((resource) => resource.state === state).length);
    },
  });
  new Gauge({
    name: 'signalbox_held_back_proxies',
    help: 'Proxies that are held back alone, since what they reject is their own trouble, by the reason.',
    labelNames: ['reason'] as const,
    registers,
    collect() {
      const { heldBack } = status();
      for (const reason of REASONS)
        this.set({ reason }, heldBack.filter((proxy) => proxy.reason === reason).length);
    },
  });
}
