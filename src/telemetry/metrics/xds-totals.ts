import type { Variant } from '../../xds/response.js';
import { addedStatuses, type SubscriptionStatuses } from './subscription-statuses.js';
import type { TypeCounts } from './xds-counts.js';

/** What only grows over the life of a process. */
export interface XdsSums {
  /** By the name of the type: CDS, EDS, …, other. */
  readonly types: readonly (readonly [type: string, counts: Readonly<TypeCounts>])[];
  /** Load reports that came. */
  readonly loadReports: number;
  /** Clusters in them that the proxy's group does not have. */
  readonly loadClustersIgnored: number;
  /** Promises that were rejected and awaited by nobody. */
  readonly rejections: number;
  /** Connections and calls that were refused or ended by a limit or a rule. */
  readonly refusals: number;
}

/** What a worker process takes of the machine. */
export interface WorkerFigures {
  /** Its number. */
  readonly worker: number;
  readonly residentBytes: number;
  /** User and system, since its start. */
  readonly cpuSeconds: number;
  /** The 99th percentile of the delays of its event loop since it was last asked. */
  readonly lagSeconds: number;
}

/** What the processes that serve proxies have counted. */
export interface XdsTotals extends XdsSums {
  /** Streams that are open now. */
  readonly streams: Readonly<Record<Variant, number>>;
  /** How many of them have each type in which status. */
  readonly statuses: SubscriptionStatuses;
  /** Proxies that report their load now. */
  readonly loadStreams: number;
  /** Bytes that the calls of clients make these processes hold. */
  readonly heldBytes: number;
  /** None where the first process serves them itself. */
  readonly workers: readonly WorkerFigures[];
}

export const NO_SUMS: XdsSums = {
  types: [],
  loadReports: 0,
  loadClustersIgnored: 0,
  rejections: 0,
  refusals: 0,
};
export const NO_TOTALS: XdsTotals = {
  ...NO_SUMS,
  streams: { sotw: 0, delta: 0 },
  statuses: [],
  loadStreams: 0,
  heldBytes: 0,
  workers: [],
};

/** The counts of several processes as one's. */
export function addedSums(a: XdsSums, b: XdsSums): XdsSums {
  const types = new Map(a.types);
  for (const [type, counts] of b.types) {
    const before = types.get(type);
    types.set(type, before === undefined ? counts : addedCounts(before, counts));
  }
  return {
    types: [...types],
    loadReports: a.loadReports + b.loadReports,
    loadClustersIgnored: a.loadClustersIgnored + b.loadClustersIgnored,
    rejections: a.rejections + b.rejections,
    refusals: a.refusals + b.refusals,
  };
}

/** The same with what is open now. */
export function addedTotals(a: XdsTotals, b: XdsTotals): XdsTotals {
  return {
    ...addedSums(a, b),
    streams: { sotw: a.streams.sotw + b.streams.sotw, delta: a.streams.delta + b.streams.delta },
    statuses: addedStatuses(a.statuses, b.statuses),
    loadStreams: a.loadStreams + b.loadStreams,
    heldBytes: a.heldBytes + b.heldBytes,
    workers: [...a.workers, ...b.workers],
  };
}

function addedCounts(a: Readonly<TypeCounts>, b: Readonly<TypeCounts>): TypeCounts {
  return {
    responses: a.responses + b.responses,
    bytes: a.bytes + b.bytes,
    acks: a.acks + b.acks,
    nacks: a.nacks + b.nacks,
  };
}
