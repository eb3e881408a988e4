/** From when on fewer instances are taken for a mistake of the registry rather than for the truth. */
export interface MassLossLimits {
  /** The share of a registry's instances, 0 to 1, of which more must not go in one change. */
  readonly registry: number;
  /** The same of one large service's. */
  readonly service: number;
  /** Registries and services with fewer instances than this may lose them all. */
  readonly large: number;
  /** For how long a change that takes more waits, milliseconds; 0 for not at all. */
  readonly hold: number;
}

/** How many instances a service has before and after a change. */
export interface InstanceCounts {
  readonly before: number;
  readonly after: number;
}

/** What waits at a source: loss that is not believed yet. */
export interface HeldLoss {
  readonly services: number;
  /** How many instances are served still although the registry has them no more. */
  readonly instances: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
}

/**
 * The services of a change whose loss is to wait; gains never wait.
 * @param total the instances of the registry before the change
 */
export function suspectLosses<Key>(
  changes: ReadonlyMap<Key, InstanceCounts>,
  total: number,
  { registry, service, large, hold }: MassLossLimits,
): ReadonlySet<Key> {
  const losing = [...changes].filter(([, { before, after }]) => after < before);
  if (hold === 0 || losing.length === 0) return new Set();
  let lost = 0;
  for (const { before, after } of changes.values()) lost += before - after;
  const tooMuch = (gone: number, of: number, share: number) => of >= large && gone > of * share;
  const everywhere = tooMuch(lost, total, registry);
  const suspect = losing.filter(
    ([, { before, after }]) => everywhere || tooMuch(before - after, before, service),
  );
  return new Set(suspect.map(([key]) => key));
}
