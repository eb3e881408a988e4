// The resources of ../resources/resources.go, encoded by hand: a floor must not carry a protobuf library.
export const CLUSTER = 'cluster.v3.Cluster';
export const LOAD_ASSIGNMENT = 'endpoint.v3.ClusterLoadAssignment';
export const LISTENER = 'listener.v3.Listener';
export const ROUTE = 'route.v3.RouteConfiguration';

export const configType = (type) => `type.googleapis.com/envoy.config.${type}`;
export const serviceName = (service) => `svc-${String(service).padStart(5, '0')}`;

export function join(...parts) {
  return Buffer.concat(parts);
}

/** A length-delimited field. */
export function bytes(field, value) {
  const content = Buffer.from(value);
  return join(varint(field * 8 + 2), varint(content.length), content);
}

export function number(field, value) {
  return join(varint(field * 8), varint(value));
}

function varint(value) {
  const out = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return Buffer.from(out);
}

const ads = join(bytes(3, ''), number(6, 2));
const address = (host, port) => bytes(1, join(bytes(2, host), number(3, port)));
const extension = (name, type, message) => {
  const any = join(bytes(1, `type.googleapis.com/envoy.extensions.filters.${type}`), bytes(2, message));
  return join(bytes(1, name), bytes(4, any));
};

function cluster(service) {
  return join(bytes(1, serviceName(service)), number(2, 3), bytes(3, bytes(1, ads)), bytes(4, number(1, 5)));
}

/** @param weight of the first endpoint; the others have 1 */
export function loadAssignment(service, endpoints, weight) {
  const locality = bytes(1, join(bytes(1, 'r1'), bytes(2, 'z1')));
  const lbEndpoints = Array.from({ length: endpoints }, (_, index) => {
    const host = `127.${(service >> 8) & 255}.${service & 255}.${index + 1}`;
    const endpoint = bytes(1, bytes(1, address(host, 8080)));
    return bytes(2, join(endpoint, number(2, 1), bytes(4, number(1, index === 0 ? weight : 1))));
  });
  return join(
    bytes(1, serviceName(service)),
    bytes(2, join(locality, ...lbEndpoints, bytes(3, number(1, 1)))),
  );
}

function routes(services) {
  const all = Array.from({ length: services }, (_, service) => {
    const name = serviceName(service);
    return bytes(3, join(bytes(1, bytes(1, `/${name}/`)), bytes(2, bytes(1, name))));
  });
  return join(bytes(1, 'route-0'), bytes(2, join(bytes(1, 'all'), bytes(2, '*'), ...all)));
}

function listener() {
  const router = extension('envoy.filters.http.router', 'http.router.v3.Router', '');
  const manager = extension(
    'envoy.filters.network.http_connection_manager',
    'network.http_connection_manager.v3.HttpConnectionManager',
    join(bytes(2, 'ingress'), bytes(3, join(bytes(1, ads), bytes(2, 'route-0'))), bytes(5, router)),
  );
  return join(bytes(1, 'listener-0'), bytes(2, address('127.0.0.1', 19000)), bytes(3, bytes(3, manager)));
}

/** By type: pairs of a name and an encoded message. */
export function encodeResources(services, endpoints) {
  const all = [...Array(services).keys()];
  return new Map([
    [CLUSTER, all.map((service) => [serviceName(service), cluster(service)])],
    [LOAD_ASSIGNMENT, all.map((service) => [serviceName(service), loadAssignment(service, endpoints, 1)])],
    [LISTENER, [['listener-0', listener()]]],
    [ROUTE, [['route-0', routes(services)]]],
  ]);
}
