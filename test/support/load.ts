import type { ClusterLoad, EndpointLoad } from '../../src/xds/load-reports/report.js';

/** The load of a cluster as a proxy reports it; what is not said is nothing, in an interval of 10 s. */
export function clusterLoad(cluster: string, said: Partial<ClusterLoad> = {}): ClusterLoad {
  return { cluster, seconds: 10, dropped: 0, endpoints: [], ...NOTHING, ...said };
}

export function endpointLoad(address: string, said: Partial<EndpointLoad> = {}): EndpointLoad {
  return { address, ...NOTHING, ...said };
}

const NOTHING = { successes: 0, errors: 0, inProgress: 0, metrics: new Map() };
