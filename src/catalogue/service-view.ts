import { addressOf, type FilteredInstance, type Instance } from '../model/instance.js';
import type { Contribution } from './served-services.js';

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
  const merged = mergeInstances(
    contributions.map(({ source: { registry, server }, state }) =>
      state.instances.map((instance) => ({ ...instance, registry, server })),
    ),
  );
  const refused = contributions.flatMap(({ source: { registry, server }, state }) =>
    state.filtered.map((entry) => ({ ...entry, registry, server })),
  );
  return {
    name,
    registries: [...new Set(contributions.map(({ source }) => source.registry))],
    instances: merged.instances,
    filtered: [...refused, ...merged.filtered],
  };
}

/** Lists in the order of precedence as one, by address; what an earlier one has already is filtered. */
export function mergeInstances(lists: readonly (readonly PlacedInstance[])[]): {
  readonly instances: readonly PlacedInstance[];
  readonly filtered: readonly PlacedFilteredInstance[];
} {
  const byAddress = new Map<string, PlacedInstance>();
  const filtered: PlacedFilteredInstance[] = [];
  for (const instance of lists.flat()) {
    const { registry, server } = instance;
    const address = addressOf(instance);
    const winner = byAddress.get(address);
    if (winner === undefined) {
      byAddress.set(address, instance);
      continue;
    }
    const detail = `served as known to ${winner.registry} at ${winner.server}`;
    filtered.push({ address, reason: 'duplicate', detail, registry, server });
  }
  const instances = [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, instance]) => instance);
  return { instances, filtered };
}
