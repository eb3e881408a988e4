import type { ClusterLoadAssignment } from '../generated/types/envoy/config/endpoint/v3/ClusterLoadAssignment.js';
import type { LbEndpoint } from '../generated/types/envoy/config/endpoint/v3/LbEndpoint.js';
import type { LocalityLbEndpoints } from '../generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.js';
import { addressOf, type Instance, type Locality } from '../model/instance.js';
import { decode, encode } from '../protobuf/messages.js';
import { textStruct } from '../protobuf/struct.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { envoyWeights } from './weights.js';

/**
 * The load assignment of a service.
 * @param instances in the order in which they are to stand
 */
export function loadAssignment(name: string, instances: readonly Instance[]): ClusterLoadAssignment {
  const weights = envoyWeights(instances.map((instance) => instance.weight));
  // Without gaps, which gRPC's clients refuse.
  const priorities = [...new Set(instances.map(({ priority = 0 }) => priority))].sort((a, b) => a - b);
  const localities = new Map<
    string,
    {
      readonly locality: Locality;
      readonly priority: number;
      readonly endpoints: LbEndpoint[];
      weight: number;
    }
  >();
  instances.forEach((instance, index) => {
    const { locality = {} } = instance;
    const priority = priorities.indexOf(instance.priority ?? 0);
    const place = [locality.region ?? '', locality.zone ?? '', locality.sub_zone ?? ''];
    const key = JSON.stringify([String(priority).padStart(3, '0'), ...place]);
    const weight = weights[index] ?? 1;
    const group = localities.get(key) ?? { locality, priority, endpoints: [], weight: 0 };
    group.endpoints.push(lbEndpoint(instance, weight));
    group.weight += weight;
    localities.set(key, group);
  });
  const endpoints = [...localities]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([, group]): LocalityLbEndpoints => ({
        locality: { ...group.locality },
        lb_endpoints: group.endpoints,
        load_balancing_weight: { value: group.weight },
        ...(group.priority > 0 && { priority: group.priority }),
      }),
    );
  return { cluster_name: name, endpoints };
}

/** The EDS resource of a service. */
export function endpointsResource(name: string, instances: readonly Instance[]): Resource {
  const body = encode('envoy.config.endpoint.v3.ClusterLoadAssignment', loadAssignment(name, instances));
  return makeResource(TYPE_URL.endpoints, name, body);
}

function lbEndpoint(instance: Instance, weight: number): LbEndpoint {
  return {
    endpoint: { address: { socket_address: { address: instance.host, port_value: instance.port } } },
    load_balancing_weight: { value: weight },
    ...(Object.keys(instance.metadata).length > 0 && {
      metadata: { filter_metadata: { 'envoy.lb': textStruct(instance.metadata) } },
    }),
  };
}

const ADDRESSES = new WeakMap<Resource, ReadonlySet<string>>();

/** The addresses (`host:port`) in a load assignment; read once and kept for as long as the resource is. */
export function addressesOf(assignment: Resource): ReadonlySet<string> {
  const known = ADDRESSES.get(assignment);
  if (known !== undefined) return known;
  const { endpoints = [] } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment.body);
  const addresses = new Set(
    endpoints
      .flatMap(({ lb_endpoints = [] }) => lb_endpoints)
      .map(({ endpoint }) => {
        const { address = '', port_value = 0 } = endpoint?.address?.socket_address ?? {};
        return addressOf({ host: address, port: port_value });
      }),
  );
  ADDRESSES.set(assignment, addresses);
  return addresses;
}
