/** The paths of the services on the xDS port. */
export const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
export const CSDS = '/envoy.service.status.v3.ClientStatusDiscoveryService';
export const LRS = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';
export const HEALTH = '/grpc.health.v1.Health';
export const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

/** The methods that a stranger can call. */
export const METHODS: readonly string[] = [
  `${ADS}/StreamAggregatedResources`,
  `${ADS}/DeltaAggregatedResources`,
  '/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters',
  '/envoy.service.endpoint.v3.EndpointDiscoveryService/DeltaEndpoints',
  `${CSDS}/StreamClientStatus`,
  `${CSDS}/FetchClientStatus`,
  LRS,
  `${HEALTH}/Check`,
  `${HEALTH}/Watch`,
  `${HEALTH}/List`,
  REFLECTION,
];
