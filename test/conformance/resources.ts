import { decode } from '../../src/protobuf/messages.js';
import { text } from '../../src/protobuf/wire.js';
import { clusterResource } from '../../src/resources/cluster.js';
import { endpointsResource } from '../../src/resources/endpoints.js';
import { resourceFromJson } from '../../src/resources/given.js';
import { listenerResource } from '../../src/resources/listener/listener.js';
import { RouteConfigurations } from '../../src/resources/route/configuration.js';
import { makeResource, type Resource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Received, ReceivedResource } from './wire.js';

/** An EDS cluster; another time makes it another definition. */
export function cluster(name: string, connectTimeout = 1_000): Resource {
  return clusterResource(name, [], { connectTimeout, lbPolicy: 'ROUND_ROBIN' });
}

/** The load assignment of a cluster with endpoints at these ports. */
export function endpoints(name: string, ...ports: readonly number[]): Resource {
  const instances = ports.map((port) => ({ host: '127.0.0.1', port, weight: 1, metadata: {} }));
  return endpointsResource(name, instances);
}

/** A load assignment of about this many bytes, told from others by the port of its first endpoint. */
export function largeEndpoints(name: string, port: number, bytes: number): Resource {
  const count = 40;
  const metadata = { padding: 'x'.repeat(bytes / count) };
  const instances = Array.from({ length: count }, (_, index) => ({
    host: `127.0.1.${index}`,
    port,
    weight: 1,
    metadata,
  }));
  return endpointsResource(name, instances, { metadataKeys: ['padding'] });
}

export function listener(name: string, port = 10_000): Resource {
  return listenerResource({ name, address: { host: '127.0.0.1', port } });
}

/** The routes of a listener: `/NAME/` to each of these clusters. */
export function routes(name: string, ...clusters: readonly string[]): Resource {
  const rules = clusters.map((service_name) => ({ match: { prefix: `/${service_name}/` }, service_name }));
  const [resource] = new RouteConfigurations().build([name], rules);
  if (resource === undefined) throw new Error('no route configuration was built');
  return resource;
}

/** A virtual host; another time makes it another definition. */
export function virtualHost(name: string, domains: readonly string[], timeout = 1): Resource {
  const route = { cluster: 'a', timeout: `${timeout}s` };
  return resourceFromJson(TYPE_URL.virtualHost, {
    name,
    domains,
    routes: [{ match: { prefix: '/' }, route }],
  });
}

/** A route configuration whose virtual hosts are discovered. */
export function discovering(name: string, fields: object = {}): Resource {
  const config_source = { ads: {}, resource_api_version: 'V3' };
  return resourceFromJson(TYPE_URL.route, { name, vhds: { config_source }, ...fields });
}

export function withTtl({ typeUrl, name, body, references }: Resource, ttl: number): Resource {
  return makeResource(typeUrl, name, body, references, ttl);
}

/** A resource of any type that names itself in its first field, and holds nothing else but perhaps a mark. */
export function named(typeUrl: string, name: string, mark = ''): Resource {
  return makeResource(
    typeUrl,
    name,
    Buffer.concat([text(1, name), ...(mark === '' ? [] : [text(15, mark)])]),
  );
}

/** Clusters a, b and c with an endpoint each, a listener and its routes to a and b. */
export function world(): readonly Resource[] {
  return [
    ...['a', 'b', 'c'].flatMap((name, index) => [cluster(name), endpoints(name, 1_001 + index)]),
    listener('http'),
    routes('http', 'a', 'b'),
  ];
}

/** The names in a response, sorted; a name that stands twice stands twice. */
export function namesOf({ resources }: Pick<Received, 'resources'>): readonly string[] {
  return resources.map(({ name }) => name).sort();
}

export function resourceOf(response: Received, name: string): ReceivedResource {
  const found = response.resources.find((resource) => resource.name === name);
  if (found === undefined) throw new Error(`no ${name} among [${namesOf(response).join(' ')}]`);
  return found;
}

/** The ports of a load assignment in a response. */
export function portsOf(response: Received, name: string): readonly number[] {
  const { body } = resourceOf(response, name);
  const { endpoints: localities } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', body);
  return (localities ?? []).flatMap(({ lb_endpoints }) =>
    (lb_endpoints ?? []).map(({ endpoint }) => endpoint?.address?.socket_address?.port_value ?? 0),
  );
}

/** The connect timeout of a cluster in a response, milliseconds. */
export function timeoutOf(response: Received, name: string): number {
  const { connect_timeout } = decode('envoy.config.cluster.v3.Cluster', resourceOf(response, name).body);
  return Number(connect_timeout?.seconds ?? 0) * 1_000 + (connect_timeout?.nanos ?? 0) / 1_000_000;
}
