import type { PlacedFilteredInstance, PlacedInstance, ServiceView } from '../catalogue/service-view.js';
import { addressOf, type Instance } from '../model/instance.js';

/** A service in the list of `/services`. */
export function serviceSummary(name: string, view: ServiceView | undefined, served: readonly Instance[]) {
  return {
    name,
    registries: view?.registries ?? [],
    instances: view?.instances.length ?? 0,
    filtered: view?.filtered.length ?? 0,
    served_from: servedFrom(view, served),
    ...atAGlance(view?.instances ?? []),
  };
}

/** How the instances of a service are, without naming them. */
function atAGlance(instances: readonly Instance[]) {
  let [degraded, draining, min, max] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for (const { health, weight } of instances) {
    if (health === 'DEGRADED') degraded += 1;
    if (health === 'DRAINING') draining += 1;
    min = Math.min(min, weight);
    max = Math.max(max, weight);
  }
  return { degraded, draining, weight: instances.length === 0 ? null : { min, max } };
}

/** What `/services/NAME` shows. */
export function serviceDetail(name: string, view: ServiceView | undefined, served: readonly Instance[]) {
  const fallback = servedFrom(view, served) === 'default_service' ? served.map(addressOf) : undefined;
  return {
    ...serviceSummary(name, view, served),
    ...(fallback !== undefined && { default_service: fallback }),
    instances: (view?.instances ?? []).map(instanceView),
    filtered: (view?.filtered ?? []).map(filteredView),
  };
}

function servedFrom(view: ServiceView | undefined, served: readonly Instance[]) {
  if (view !== undefined && view.instances.length > 0) return 'instances';
  return served.length > 0 ? 'default_service' : 'nothing';
}

function instanceView(instance: PlacedInstance) {
  const { host: _host, port: _port, registry, server, ...rest } = instance;
  return { address: addressOf(instance), registry, server, ...rest };
}

function filteredView({ address, registry, server, reason, detail }: PlacedFilteredInstance) {
  return { address, registry, server, reason, detail };
}
