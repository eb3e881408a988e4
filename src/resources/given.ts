import { messageOf, SignalboxError } from '../errors.js';
import type { MessageTypes } from '../generated/messages.js';
import { mergeJson } from '../protobuf/from-json.js';
import { encodeObject, messageType } from '../protobuf/from-object.js';
import { apiType, type MessageName } from '../protobuf/messages.js';
import { violations } from '../protobuf/rules.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import { messageName } from '../snapshot/type-url.js';
import { referencesOf } from './references.js';

/** What a resource has beside its message. */
export interface ResourceOptions {
  /** The resource's name; without it the message's own `name` or `cluster_name`. */
  readonly name?: string;
  /**
   * Milliseconds that a proxy keeps the resource without a heartbeat; servers send the heartbeats.
   * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#xds-ttl
   */
  readonly ttl?: number;
  /**
   * The names of what the resource refers to: load assignments of a cluster, route configurations of a listener,
   * clusters of a route configuration. Read out of the message where it is not given.
   */
  readonly references?: readonly string[];
}

/** A message type by its full name or by its type URL. */
export type TypeName<Name extends string> = Name | `type.googleapis.com/${Name}`;

/**
 * A resource of a plain object whose fields the compiler checks against Envoy's protos, and which is checked again when
 * it is made: names of fields, kinds of values, and the rules that Envoy's protos set
 * (https://github.com/bufbuild/protoc-gen-validate).
 * @param type such as `envoy.config.cluster.v3.Cluster`, or {@link TYPE_URL}`.cluster`
 * @param message field names as the protos spell them; a `google.protobuf.Any` may be given as its fields with `@type`
 * @throws SignalboxError `resource_invalid`; the message names the resource and each field that is wrong, by its path
 */
export function resource<Name extends MessageName>(
  type: TypeName<Name>,
  message: MessageTypes[Name],
  options: ResourceOptions = {},
): Resource {
  const name = messageName(type);
  const found = messageType(name);
  const label = `${name} "${options.name ?? ownName(message)}"`;
  if (found === undefined) throw invalid(label, [`there is no message type ${name}`]);
  const { bytes, problems } = encodeObject(found, message);
  if (problems.length > 0) throw invalid(label, problems.map(inWords));
  return checked(name, bytes, message, options);
}

/**
 * A resource of protobuf's JSON (https://protobuf.dev/programming-guides/json/): what Envoy's documentation and
 * configuration files show. Durations are texts such as `"1.5s"`, and any message of Envoy's configuration may stand in
 * an Any by `@type`.
 * @param type the full name of a message of Envoy's configuration, or its type URL
 * @throws SignalboxError `resource_invalid`; the message names the resource and each field that is wrong, by its path
 */
export function resourceFromJson(type: string, json: unknown, options: ResourceOptions = {}): Resource {
  const name = messageName(type);
  const label = `${name} "${options.name ?? ownName(json)}"`;
  const found = apiType(name);
  if (found === undefined)
    throw invalid(label, [`there is no message type ${name} in Envoy's configuration`]);
  const { message, problems } = mergeJson(name, {}, json);
  if (problems.length > 0) throw invalid(label, problems.map(inWords));
  return checked(name, found.encode(found.fromObject(message)).finish(), message, options);
}

/**
 * A resource of an encoded message, of any type. The message is not checked; of clusters, listeners and route
 * configurations the references are read out of it where they are not given.
 * @param typeUrl such as `type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig`; it need not be known here
 * @param name the resource's name, by which proxies ask for it
 * @param body the message, encoded
 * @throws SignalboxError `resource_invalid` for bytes that are no message of the type, as far as they are read
 */
export function resourceFromBytes(
  typeUrl: string,
  name: string,
  body: Uint8Array,
  options: Omit<ResourceOptions, 'name'> = {},
): Resource {
  if (!typeUrl.includes('/')) throw invalid(`${typeUrl} "${name}"`, ['a type URL is needed, with its "/"']);
  return makeResource(
    typeUrl,
    name,
    body,
    options.references ?? referencesOf(typeUrl, body),
    ttlOf(name, options),
  );
}

function checked(type: string, bytes: Uint8Array, message: unknown, options: ResourceOptions): Resource {
  const name = options.name ?? ownName(message);
  const label = `${type} "${name}"`;
  if (name === '') throw invalid(label, ['a name is needed']);
  const broken = violationsOf(type, bytes, label);
  if (broken.length > 0) throw invalid(label, broken);
  return resourceFromBytes(`type.googleapis.com/${type}`, name, bytes, options);
}

function violationsOf(type: string, bytes: Uint8Array, label: string): readonly string[] {
  try {
    return violations(type, bytes).map(inWords);
  } catch (thrown) {
    throw invalid(label, [messageOf(thrown)]);
  }
}

function ttlOf(name: string, { ttl }: ResourceOptions): number | undefined {
  if (ttl === undefined || (Number.isFinite(ttl) && ttl > 0)) return ttl;
  throw invalid(`"${name}"`, ['ttl: expected milliseconds above 0']);
}

function ownName(message: unknown): string {
  const { name, cluster_name } = Object(message) as {
    readonly name?: unknown;
    readonly cluster_name?: unknown;
  };
  const own = name ?? cluster_name;
  return typeof own === 'string' ? own : '';
}

function inWords({
  path,
  message,
}: {
  readonly path: readonly (string | number)[];
  readonly message: string;
}): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return place === '' ? message : `${place.replace(/^\./, '')}: ${message}`;
}

function invalid(label: string, problems: readonly string[]): SignalboxError {
  return new SignalboxError('resource_invalid', `${label}: ${problems.join('; ')}`);
}
