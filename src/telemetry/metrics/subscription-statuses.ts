import { TYPE_URL } from '../../snapshot/type-url.js';
import { type ConfigStatus, typeStatus } from '../../xds/csds/resource-status.js';
import { discoveryName } from '../../xds/type-names.js';
import type { TypeState } from '../../xds/type-state.js';

/** How many streams have a type in each status. */
export type StatusCounts = Readonly<Record<ConfigStatus, number>>;
/** By the name of the type: CDS, EDS, …, other. */
export type SubscriptionStatuses = readonly (readonly [type: string, counts: StatusCounts])[];

const NONE: StatusCounts = { SYNCED: 0, STALE: 0, NOT_SENT: 0, ERROR: 0, UNKNOWN: 0 };
const KNOWN: ReadonlySet<string> = new Set(Object.values(TYPE_URL));

/** Counts the types that these streams ask for. Types that proxies make up are one. */
export function subscriptionStatuses(
  streams: Iterable<{ readonly state: { readonly types: { values(): readonly TypeState[] } } }>,
): SubscriptionStatuses {
  const counts = new Map<string, StatusCounts>();
  for (const { state } of streams)
    for (const type of state.types.values()) {
      const name = KNOWN.has(type.typeUrl) ? discoveryName(type.typeUrl) : 'other';
      const status = typeStatus(type);
      const before = counts.get(name) ?? NONE;
      counts.set(name, { ...before, [status]: before[status] + 1 });
    }
  return [...counts];
}

/** The counts of several processes as one's. */
export function addedStatuses(a: SubscriptionStatuses, b: SubscriptionStatuses): SubscriptionStatuses {
  const sums = new Map(a);
  for (const [type, counts] of b) {
    const before = sums.get(type) ?? NONE;
    sums.set(type, {
      SYNCED: before.SYNCED + counts.SYNCED,
      STALE: before.STALE + counts.STALE,
      NOT_SENT: before.NOT_SENT + counts.NOT_SENT,
      ERROR: before.ERROR + counts.ERROR,
      UNKNOWN: before.UNKNOWN + counts.UNKNOWN,
    });
  }
  return [...sums];
}
