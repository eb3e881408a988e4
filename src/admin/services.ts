import type { PlacedFailure } from '../catalogue/catalogue.js';
import type { PlacedFilteredInstance, PlacedInstance, ServiceView } from '../catalogue/service-view.js';
import { addressOf, type Instance } from '../model/instance.js';

/** A service as it stands. */
export interface ShownService {
  readonly name: string;
  /** Undefined where no registry has said what the service is. */
  readonly view: ServiceView | undefined;
  readonly served: readonly Instance[];
  /** Where its query fails. */
  readonly failures: readonly PlacedFailure[];
}

/** A service in the list of `/services`. */
export function serviceSummary({ name, view, served, failures }: ShownService) {
  const registries = [...(view?.registries ?? []), ...failures.map(({ registry }) => registry)];
  return {
    name,
    registries: [...new Set(registries)],
    instances: view?.instances.length ?? 0,
    filtered: view?.filtered.length ?? 0,
    failing: failures.length,
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
export function serviceDetail(service: ShownService) {
  const { view, served, failures } = service;
  const fallback = servedFrom(view, served) === 'default_service' ? served.map(addressOf) : undefined;
  return {
    ...serviceSummary(service),
    ...(fallback !== undefined && { default_service: fallback }),
    instances: (view?.instances ?? []).map(instanceView),
    filtered: (view?.filtered ?? []).map(filteredView),
    failing: failures.map(failureView),
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

function failureView({ registry, server, code, message, since }: PlacedFailure) {
  return { registry, server, code, message, since: new Date(since).toISOString() };
}
