import type { Cluster } from '../../src/generated/types/envoy/config/cluster/v3/Cluster.js';
import type { ConfigSource } from '../../src/generated/types/envoy/config/core/v3/ConfigSource.js';
import type { ClusterLoadAssignment } from '../../src/generated/types/envoy/config/endpoint/v3/ClusterLoadAssignment.js';
import type { LocalityLbEndpoints } from '../../src/generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.js';
import type { Listener } from '../../src/generated/types/envoy/config/listener/v3/Listener.js';
import type { RouteConfiguration } from '../../src/generated/types/envoy/config/route/v3/RouteConfiguration.js';
import type { HttpConnectionManager } from '../../src/generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.js';
import { isAddress } from '../../src/model/host.js';
import { decode } from '../../src/protobuf/messages.js';

const MOST = 4_294_967_295;

/** What Envoy checks beyond the rules in its protos. */
export function envoyRefuses(assignment: ClusterLoadAssignment): readonly string[] {
  return addresses(assignment).flatMap(({ host }) =>
    isAddress(host) ? [] : [`malformed IP address: ${host}`],
  );
}

export function envoyRefusesCluster(cluster: Cluster): readonly string[] {
  const found: string[] = [];
  if (cluster.type === 'EDS' && !cluster.eds_cluster_config?.eds_config)
    found.push('EDS without an EDS config');
  const inline = cluster.load_assignment ?? {};
  if (cluster.type === 'STATIC') found.push(...envoyRefuses(inline));
  if (cluster.type === 'LOGICAL_DNS' && addresses(inline).length !== 1)
    found.push('LOGICAL_DNS needs one endpoint');
  return found;
}

export function envoyRefusesRoutes({ virtual_hosts = [] }: RouteConfiguration): readonly string[] {
  const domains = virtual_hosts.flatMap((host) => host.domains ?? []).map((domain) => domain.toLowerCase());
  return repeated(domains).map((domain) => `duplicate domain ${domain}`);
}

export function envoyRefusesListeners(listeners: readonly Listener[]): readonly string[] {
  const places = listeners.map(({ address }) => JSON.stringify(address?.socket_address));
  return [
    ...repeated(places).map((place) => `duplicate address ${place}`),
    ...listeners
      .filter((listener) => (listener.filter_chains ?? []).length === 0)
      .map(() => 'no filter chains'),
    ...listeners.flatMap(managersOf).flatMap((manager) => {
      const last = manager.http_filters?.at(-1);
      return last?.name === 'envoy.filters.http.router' && last.typed_config ? [] : ['no router at the end'];
    }),
  ];
}

/** What gRPC's A27 and the API's own words forbid though Envoy takes it. */
export function strictlyWrong(assignment: ClusterLoadAssignment): readonly string[] {
  const localities = assignment.endpoints ?? [];
  const places = addresses(assignment).map(({ host, port }) => `${host} ${port}`);
  const byPriority = localities.map(
    ({ locality, priority = 0 }) => `${priority} ${locality?.region} ${locality?.zone} ${locality?.sub_zone}`,
  );
  const priorities = [...new Set(localities.map(({ priority = 0 }) => priority))].sort((a, b) => a - b);
  const sumOfLocalities = sum(localities.map((locality) => locality.load_balancing_weight?.value ?? 0));
  return [
    ...repeated(places).map((place) => `address twice: ${place}`),
    ...repeated(byPriority).map((place) => `locality twice: ${place}`),
    ...priorities.filter((priority, index) => priority !== index).map((priority) => `gap before ${priority}`),
    ...(sumOfLocalities > MOST ? [`the weights of localities sum to ${sumOfLocalities}`] : []),
    ...localities.filter((locality) => sum(weightsOf(locality)) > MOST).map(() => 'weights beyond 2^32-1'),
  ];
}

/** The sources of what a cluster, or a listener, refers to must say that they speak v3. */
export function sourcesNotV3(
  cluster: Cluster | undefined,
  listener: Listener | undefined,
): readonly string[] {
  const sources = [
    ...(cluster?.type === 'EDS' ? [cluster.eds_cluster_config?.eds_config] : []),
    ...(listener === undefined ? [] : managersOf(listener).map((manager) => manager.rds?.config_source)),
  ];
  return sources.filter((source) => !isV3(source)).map(() => 'a config source that is not v3');
}

export function weightsOf({ lb_endpoints = [] }: LocalityLbEndpoints): readonly number[] {
  return lb_endpoints.map((endpoint) => endpoint.load_balancing_weight?.value ?? 1);
}

export function addresses(
  assignment: ClusterLoadAssignment,
): readonly { readonly host: string; readonly port: number }[] {
  return (assignment.endpoints ?? []).flatMap(({ lb_endpoints = [] }) =>
    lb_endpoints.map(({ endpoint }) => ({
      host: endpoint?.address?.socket_address?.address ?? '',
      port: endpoint?.address?.socket_address?.port_value ?? 0,
    })),
  );
}

/** The HTTP connection managers of a listener, unpacked. */
export function managersOf({ filter_chains = [] }: Listener): readonly HttpConnectionManager[] {
  const name = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return filter_chains
    .flatMap(({ filters = [] }) => filters.map((filter) => filter.typed_config))
    .flatMap((any) =>
      any && 'value' in any && any.value instanceof Uint8Array && String(any.type_url).endsWith(name)
        ? [decode(name, any.value)]
        : [],
    );
}

function isV3(source: ConfigSource | null | undefined): boolean {
  return source?.resource_api_version === 'V3';
}

function sum(values: readonly (number | string)[]): number {
  return values.reduce((total: number, value) => total + Number(value), 0);
}

function repeated(values: readonly string[]): readonly string[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}
