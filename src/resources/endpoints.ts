import type { ClusterLoadAssignment } from '../generated/types/envoy/config/endpoint/v3/ClusterLoadAssignment.js';
import type { LbEndpoint } from '../generated/types/envoy/config/endpoint/v3/LbEndpoint.js';
import type { LocalityLbEndpoints } from '../generated/types/envoy/config/endpoint/v3/LocalityLbEndpoints.js';
import { addressOf, type Instance, type Locality } from '../model/instance.js';
import { decode, encode } from '../protobuf/messages.js';
import { textStruct } from '../protobuf/struct.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { envoyWeights } from './weights.js';

/** What a load assignment holds of its instances beside address, weight and place. */
export interface EndpointRules {
  /** The metadata that subsets tell instances apart by; no other is published, so that its changes push nothing. */
  readonly metadataKeys?: readonly string[] | undefined;
  /** The path of the cluster's check where the instances say it: those that do not say this one are not checked. */
  readonly healthCheckPath?: string | undefined;
  /** The instances that want TLS are marked, where a cluster speaks it to them alone. */
  readonly markSecure?: boolean | undefined;
  /** The last priority is a stopgap: one healthy instance is enough to keep every request from it. */
  readonly lastResort?: boolean | undefined;
}

/** Java's gRPC clients drop a locality with more. */
const MOST_LOCALITY_WEIGHT = 2 ** 31 - 1;

/** What a secure endpoint has in its metadata `envoy.transport_socket_match`, for the cluster's match. */
export const SECURE_MARK = { tls: 'true' };

/**
 * The load assignment of a service.
 * @param instances in the order in which they are to stand
 */
export function loadAssignment(
  name: string,
  instances: readonly Instance[],
  rules: EndpointRules = {},
): ClusterLoadAssignment {
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
    group.endpoints.push(lbEndpoint(instance, weight, rules));
    group.weight += weight;
    localities.set(key, group);
  });
  const largest = Math.max(...[...localities.values()].map(({ weight }) => weight));
  const scale = Math.min(1, MOST_LOCALITY_WEIGHT / largest);
  const endpoints = [...localities]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([, group]): LocalityLbEndpoints => ({
        locality: { ...group.locality },
        lb_endpoints: group.endpoints,
        load_balancing_weight: { value: Math.max(1, Math.floor(group.weight * scale)) },
        ...(group.priority > 0 && { priority: group.priority }),
      }),
    );
  return {
    cluster_name: name,
    endpoints,
    // In percent of the share of healthy instances; Envoy's own 140 sends requests on as soon as 29 % of them fail.
    ...(rules.lastResort === true && {
      policy: { overprovisioning_factor: { value: 100 * instances.length } },
    }),
  };
}

/** The EDS resource of a service. */
export function endpointsResource(
  name: string,
  instances: readonly Instance[],
  rules?: EndpointRules,
): Resource {
  const assignment = loadAssignment(name, instances, rules);
  return makeResource(
    TYPE_URL.endpoints,
    name,
    encode('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment),
  );
}

function lbEndpoint(
  { host, port, metadata, health, policy, secure }: Instance,
  weight: number,
  { metadataKeys = [], healthCheckPath, markSecure }: EndpointRules,
): LbEndpoint {
  const keys = metadataKeys.filter((key) => Object.hasOwn(metadata, key));
  const marked = markSecure === true && secure === true;
  const unchecked = healthCheckPath !== undefined && policy?.healthCheckPath !== healthCheckPath;
  return {
    endpoint: {
      address: { socket_address: { address: host, port_value: port } },
      ...(unchecked && { health_check_config: { disable_active_health_check: true } }),
    },
    load_balancing_weight: { value: weight },
    ...(health !== undefined && { health_status: health }),
    ...((keys.length > 0 || marked) && {
      metadata: {
        filter_metadata: {
          ...(keys.length > 0 && {
            'envoy.lb': textStruct(Object.fromEntries(keys.map((key) => [key, metadata[key] ?? '']))),
          }),
          ...(marked && { 'envoy.transport_socket_match': textStruct(SECURE_MARK) }),
        },
      },
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
