import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { messageOf, SignalboxError } from '../errors.js';
import type { MessageTypes } from '../generated/messages.js';
import type { Any } from '../generated/types/google/protobuf/Any.js';

/** The full name of a message that has a type here. */
export type MessageName = keyof MessageTypes;

let descriptor: protobuf.Root | undefined;
let apiDescriptor: protobuf.Root | undefined;
const types = new Map<MessageName, protobuf.Type>();
const byName = new WeakMap<protobuf.Root, ReadonlyMap<string, protobuf.Type>>();

/** The descriptor of the messages that Signalbox itself makes, read when first needed. */
export function descriptors(): protobuf.Root {
  if (descriptor === undefined) descriptor = read('envoy.json');
  return descriptor;
}

/** The descriptor of everything that a configuration of Envoy may hold, with its rules on fields. Larger and seldom needed. */
export function apiDescriptors(): protobuf.Root {
  if (apiDescriptor === undefined) apiDescriptor = read('envoy-api.json');
  return apiDescriptor;
}

/** @returns undefined where there is no such message in Envoy's configuration */
export function apiType(name: string): protobuf.Type | undefined {
  return typeIn(apiDescriptors(), name);
}

/**
 * The message type of a full name that anybody may have made up: protobufjs' own `lookup` keeps every name that it was
 * ever asked for.
 */
export function typeIn(root: protobuf.Root, name: string): protobuf.Type | undefined {
  let known = byName.get(root);
  if (known === undefined) {
    known = new Map(typesWithin(root).map((type) => [type.fullName.slice(1), type]));
    byName.set(root, known);
  }
  return known.get(name);
}

function typesWithin(space: protobuf.NamespaceBase): readonly protobuf.Type[] {
  return space.nestedArray.flatMap((nested) => [
    ...(nested instanceof protobuf.Type ? [nested] : []),
    ...(nested instanceof protobuf.Namespace ? typesWithin(nested) : []),
  ]);
}

function read(file: string): protobuf.Root {
  return protobuf.Root.fromJSON(
    JSON.parse(readFileSync(new URL(`../generated/${file}`, import.meta.url), 'utf8')),
  );
}

function typeOf(name: MessageName): protobuf.Type {
  let type = types.get(name);
  if (type === undefined) {
    type = descriptors().lookupType(name);
    types.set(name, type);
  }
  return type;
}

/** Encodes a message whose field names the compiler has checked against Envoy's protos. */
export function encode<Name extends MessageName>(name: Name, message: MessageTypes[Name]): Uint8Array {
  const type = typeOf(name);
  return type.encode(type.fromObject(message)).finish();
}

/** A message inside a `google.protobuf.Any`. */
export function pack<Name extends MessageName>(
  name: Name,
  message: MessageTypes[Name],
): { readonly type_url: string; readonly value: Uint8Array } {
  return { type_url: `type.googleapis.com/${name}`, value: encode(name, message) };
}

/** The bytes of the message in a decoded `google.protobuf.Any`; none stand for a message without any field set. */
export function packedBytes(any: Any): Uint8Array {
  return 'value' in any && any.value instanceof Uint8Array ? any.value : new Uint8Array();
}

/** @throws SignalboxError `resource_invalid` for bytes that are no such message */
export function decode<Name extends MessageName>(name: Name, bytes: Uint8Array): MessageTypes[Name] {
  const type = typeOf(name);
  try {
    return type.toObject(type.decode(bytes), { longs: String, enums: String }) as MessageTypes[Name];
  } catch (thrown) {
    throw new SignalboxError('resource_invalid', `no ${name}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
