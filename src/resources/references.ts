import protobuf from 'protobufjs';
import { messageOf, SignalboxError } from '../errors.js';
import type { RouteAction } from '../generated/types/envoy/config/route/v3/RouteAction.js';
import { apiType, decode, descriptors } from '../protobuf/messages.js';
import type { References } from '../snapshot/resource.js';
import { messageName, TYPE_URL } from '../snapshot/type-url.js';

/** Messages that name a resource: the field with its name, the type of the resource, and a field that must be there. */
const NAMING: ReadonlyMap<string, readonly [name: string, typeUrl: string, needs?: string]> = new Map([
  ['envoy.extensions.filters.network.http_connection_manager.v3.Rds', ['route_config_name', TYPE_URL.route]],
  ['envoy.config.route.v3.ScopedRouteConfiguration', ['route_configuration_name', TYPE_URL.route]],
  // Without a source the secret stands in the proxy's bootstrap.
  ['envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig', ['name', TYPE_URL.secret, 'sds_config']],
]);
/** The message whose presence says that the configuration of the extension around it is a resource. */
const DISCOVERED = 'envoy.config.core.v3.ExtensionConfigSource';
const ANY = 'google.protobuf.Any';
/** Anys inside Anys. */
const DEEPEST = 16;

/**
 * The resources that a resource makes a proxy ask for: load assignments, route configurations, secrets, extension
 * configurations, and a route configuration's clusters. None for types that are unknown here.
 * @throws SignalboxError `resource_invalid` for bytes that are no such message
 */
export function referencesOf(typeUrl: string, body: Uint8Array): References {
  if (typeUrl === TYPE_URL.route) return grouped([[TYPE_URL.cluster, clustersOf(body)]]);
  if (!READ.has(typeUrl)) return [];
  const found = new Map<string, Set<string>>();
  visitBytes(messageName(typeUrl), body, found, 0);
  const own = typeUrl === TYPE_URL.cluster ? assignmentsOf(body) : [];
  return grouped([[TYPE_URL.endpoints, own], ...found]);
}

const READ: ReadonlySet<string> = new Set([
  TYPE_URL.cluster,
  TYPE_URL.listener,
  TYPE_URL.scopedRoute,
  TYPE_URL.extensionConfig,
]);

function assignmentsOf(body: Uint8Array): readonly string[] {
  const { name = '', type, eds_cluster_config } = decode('envoy.config.cluster.v3.Cluster', body);
  return type === 'EDS' ? [eds_cluster_config?.service_name || name] : [];
}

function clustersOf(body: Uint8Array): readonly string[] {
  const { virtual_hosts = [] } = decode('envoy.config.route.v3.RouteConfiguration', body);
  const actions = virtual_hosts.flatMap(({ routes = [] }) => routes.map(({ route }) => route ?? {}));
  return actions.flatMap(ofAction);
}

function ofAction({
  cluster,
  weighted_clusters,
  request_mirror_policies = [],
}: RouteAction): readonly string[] {
  const parts = [...(weighted_clusters?.clusters ?? []).map(({ name }) => name)];
  return [cluster, ...parts, ...request_mirror_policies.map((policy) => policy.cluster)].filter(isName);
}

type Found = Map<string, Set<string>>;

function visitBytes(name: string, bytes: Uint8Array, found: Found, depth: number): void {
  const type = depth > DEEPEST ? undefined : typeOf(name);
  if (type === undefined) return;
  try {
    visit(type, type.decode(bytes), found, depth);
  } catch (thrown) {
    throw new SignalboxError('resource_invalid', `no ${name}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function visit(type: protobuf.Type, message: object, found: Found, depth: number): void {
  const name = type.fullName.slice(1);
  if (name === ANY) {
    const packed: unknown = Reflect.get(message, 'value');
    const packedName = messageName(String(Reflect.get(message, 'type_url') ?? ''));
    if (packed instanceof Uint8Array) visitBytes(packedName, packed, found, depth + 1);
    return;
  }
  const naming = NAMING.get(name);
  if (naming !== undefined && (naming[2] === undefined || isObject(Reflect.get(message, naming[2]))))
    add(found, naming[1], Reflect.get(message, naming[0]));
  for (const field of type.fieldsArray) {
    const { resolvedType } = field.resolve();
    if (!(resolvedType instanceof protobuf.Type)) continue;
    for (const value of valuesOf(field, message)) {
      if (resolvedType.fullName.slice(1) === DISCOVERED)
        add(found, TYPE_URL.extensionConfig, Reflect.get(message, 'name'));
      visit(resolvedType, value, found, depth);
    }
  }
}

function valuesOf(field: protobuf.Field, message: object): readonly object[] {
  if (!Object.hasOwn(message, field.name)) return [];
  const value: unknown = Reflect.get(message, field.name);
  if (!isObject(value)) return [];
  return field.repeated || field.map ? Object.values(value).filter(isObject) : [value];
}

/** The small descriptor first: the other one is large, and most resources need nothing of it. */
function typeOf(name: string): protobuf.Type | undefined {
  const found = descriptors().lookup(name, [protobuf.Type]);
  return found instanceof protobuf.Type && found.fullName === `.${name}` ? found : apiType(name);
}

function add(found: Found, typeUrl: string, name: unknown): void {
  if (!isName(name)) return;
  const names = found.get(typeUrl) ?? new Set();
  found.set(typeUrl, names.add(name));
}

function grouped(byType: Iterable<readonly [string, Iterable<string>]>): References {
  return [...byType]
    .map(([typeUrl, names]) => ({ typeUrl, names: [...new Set(names)] }))
    .filter(({ names }) => names.length > 0);
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
