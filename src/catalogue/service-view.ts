import { addressOf, type FilteredInstance, type Instance } from '../model/instance.js';
import type { Contribution } from './source-state.js';

/** An instance with where it came from. */
export interface PlacedInstance extends Instance {
  readonly registry: string;
  readonly server: string;
}

export interface PlacedFilteredInstance extends FilteredInstance {
  readonly registry: string;
  readonly server: string;
}

/** One service as it stands, merged of all sources that know it. */
export interface ServiceView {
  readonly name: string;
  /** The registries that know it, in the order of the configuration. */
  readonly registries: readonly string[];
  /** In the order of their addresses, so that the order of arrival never shows. */
  readonly instances: readonly PlacedInstance[];
  readonly filtered: readonly PlacedFilteredInstance[];
}

/**
 * Merges what sources say of one service. Of equal addresses the one of the source that comes first wins.
 * @param contributions in the order of precedence
 */
export function mergeContributions(name: string, contributions: readonly Contribution[]): ServiceView {
  const byAddress = new Map<string, PlacedInstance>();
  const filtered: PlacedFilteredInstance[] = [];
  for (const { source, state } of contributions) {
    const place = { registry: source.registry, server: source.server };
    for (const instance of state.instances) {
      const address = addressOf(instance);
      const winner = byAddress.get(address);
      if (winner === undefined) byAddress.set(address, { ...instance, ...place });
      else
        filtered.push({
          address,
          reason: 'duplicate',
          detail: `served as known to ${winner.registry} at ${winner.server}`,
          ...place,
        });
    }
    for (const entry of state.filtered) filtered.push({ ...entry, ...place });
  }
  const instances = [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, instance]) => instance);
  return {
    name,
    registries: [...new Set(contributions.map(({ source }) => source.registry))],
    instances,
    filtered,
  };
}
