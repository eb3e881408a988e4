import type { ServiceKey } from '../discovery/source.js';
import { mergeInstances, type PlacedInstance, type ServiceView } from './service-view.js';
import type { SourceState } from './source-state.js';

/** A part of a derived service: instances of another one, or some of them. */
export interface DerivedPart {
  /** Of this registry only. */
  readonly registry?: string | undefined;
  readonly service: string;
  readonly where?:
    | {
        readonly metadata?: Readonly<Record<string, string>> | undefined;
        readonly cluster?: string | undefined;
        /** The service of this namespace, or of this group, of Nacos. */
        readonly namespace?: string | undefined;
        readonly group?: string | undefined;
      }
    | undefined;
  /** The part's share of the requests, whatever its instances weigh; 0 takes it out. */
  readonly weight?: number | undefined;
  /** Envoy's: the next one takes over when one has too few healthy instances. */
  readonly priority?: number | undefined;
}

/** Services that are made of parts of others, in place of the instances of their own name. */
export class DerivedServices {
  static readonly NONE = new DerivedServices(new Map());

  constructor(private readonly parts: ReadonlyMap<string, readonly DerivedPart[]>) {}

  names(): Iterable<string> {
    return this.parts.keys();
  }

  /** The service as it stands; undefined where none of that name is derived. Of equal addresses the first part's wins. */
  service(name: string, states: readonly SourceState[]): ServiceView | undefined {
    const parts = this.parts.get(name);
    if (parts === undefined) return undefined;
    const views = parts.map((part) => viewOfPart(part, states));
    const chosen = parts.map((part, index) => instancesOfPart(part, views[index]?.instances ?? []));
    const { instances: merged, filtered } = mergeInstances(chosen);
    const winners = new Set(merged);
    const served = new Map(parts.flatMap((part, index) => shaped(part, chosen[index] ?? [], winners)));
    const instances = merged.map((instance) => served.get(instance) ?? instance);
    return {
      name,
      registries: [...new Set(views.flatMap((view) => view.registries))],
      instances,
      filtered: [...views.flatMap((view) => view.filtered), ...filtered],
    };
  }

  /** Those that are made of one of these services. */
  of(changed: ReadonlySet<string>, states: readonly SourceState[]): readonly string[] {
    return [...this.parts]
      .filter(([, parts]) =>
        parts.some((part) => namesOfPart(part, states).some((name) => changed.has(name))),
      )
      .map(([name]) => name);
  }
}

/** A part names a service as its registry does; where a template renames it, under that name. */
function namesOfPart(part: DerivedPart, states: readonly SourceState[]): readonly string[] {
  const { service, where: { namespace, group } = {} } = part;
  const key: ServiceKey = {
    service,
    ...(namespace !== undefined && { namespace }),
    ...(group !== undefined && { group }),
  };
  const names = statesOfPart(part, states).map((state) => state.nameOf(key));
  return [...new Set([service, ...names])];
}

/** Services of several namespaces or groups may be published under one name. */
function isMeant({ service, where }: DerivedPart, key: ServiceKey): boolean {
  if (where?.namespace === undefined && where?.group === undefined) return true;
  return (
    key.service === service &&
    (where.namespace === undefined || key.namespace === where.namespace) &&
    (where.group === undefined || key.group === where.group)
  );
}

function statesOfPart({ registry }: DerivedPart, states: readonly SourceState[]): readonly SourceState[] {
  return states.filter(({ source }) => registry === undefined || source.registry === registry);
}

function viewOfPart(part: DerivedPart, states: readonly SourceState[]): Omit<ServiceView, 'name'> {
  const contributions = statesOfPart(part, states).flatMap((state) =>
    namesOfPart(part, [state])
      .flatMap((name) => state.contributions(name))
      .filter(({ key }) => isMeant(part, key)),
  );
  const placed = contributions.map(({ source, state }) =>
    state.instances.map((instance) => ({ ...instance, registry: source.registry, server: source.server })),
  );
  const { instances, filtered } = mergeInstances(placed);
  const refused = contributions.flatMap(({ source, state }) =>
    state.filtered.map((entry) => ({ ...entry, registry: source.registry, server: source.server })),
  );
  return {
    registries: [...new Set(contributions.map(({ source }) => source.registry))],
    instances,
    filtered: [...refused, ...filtered],
  };
}

/** The instances that a part chooses. */
function instancesOfPart(part: DerivedPart, instances: readonly PlacedInstance[]): readonly PlacedInstance[] {
  return part.weight === 0 ? [] : instances.filter((instance) => matches(part, instance));
}

/** Those of a part's instances that no earlier part has, each with what the derived service serves in its place. */
function shaped(
  { weight: share, priority }: DerivedPart,
  chosen: readonly PlacedInstance[],
  winners: ReadonlySet<PlacedInstance>,
): readonly (readonly [PlacedInstance, PlacedInstance])[] {
  const own = chosen.filter((instance) => winners.has(instance));
  const total = own.reduce((sum, instance) => sum + instance.weight, 0);
  return own.map((instance) => [
    instance,
    {
      ...instance,
      ...(share !== undefined && { weight: (instance.weight * share) / total }),
      ...(priority !== undefined && { priority }),
    },
  ]);
}

function matches({ where }: DerivedPart, instance: PlacedInstance): boolean {
  if (where?.cluster !== undefined && instance.cluster !== where.cluster) return false;
  return Object.entries(where?.metadata ?? {}).every(([key, value]) => instance.metadata[key] === value);
}
