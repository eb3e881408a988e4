import protobuf from 'protobufjs';
import descriptor, {
  type IDescriptorProto,
  type IEnumDescriptorProto,
  type IFieldDescriptorProto,
  type IFileDescriptorProto,
  type IMethodDescriptorProto,
} from 'protobufjs/ext/descriptor/index.js';

/**
 * The messages, enums and services of a root as encoded `google.protobuf.FileDescriptorProto`s: one file for each
 * package, with what it imports, so that a client can link them. protobufjs's own conversion leaves the imports out
 * and names map entries in a way that protobuf's other implementations refuse.
 */
export function fileDescriptors(root: protobuf.Root): readonly Buffer[] {
  root.resolveAll();
  return packagesOf(root).map((namespace) => {
    const file = fileOf(namespace);
    return Buffer.from(
      descriptor.FileDescriptorProto.encode(descriptor.FileDescriptorProto.fromObject(file)).finish(),
    );
  });
}

/** The namespaces that hold something themselves. */
function packagesOf(namespace: protobuf.NamespaceBase): readonly protobuf.NamespaceBase[] {
  const inner = namespace.nestedArray.filter((item) => isPackage(item)).flatMap(packagesOf);
  return namespace.nestedArray.some((item) => !isPackage(item)) ? [namespace, ...inner] : inner;
}

function isPackage(item: protobuf.ReflectionObject): item is protobuf.Namespace {
  return (
    item instanceof protobuf.Namespace && !(item instanceof protobuf.Type || item instanceof protobuf.Service)
  );
}

/** `envoy.config.core.v3` → `envoy/config/core/v3.proto`. */
function fileName(namespace: protobuf.ReflectionObject): string {
  return `${namespace.fullName.slice(1).replaceAll('.', '/')}.proto`;
}

function fileOf(namespace: protobuf.NamespaceBase): IFileDescriptorProto {
  const types = ofKind(namespace, protobuf.Type);
  const services = ofKind(namespace, protobuf.Service);
  const imported = [...types.flatMap(referencesOf), ...services.flatMap(messagesOf)]
    .map(packageOf)
    .filter((other) => other !== namespace);
  return {
    name: fileName(namespace),
    package: namespace.fullName.slice(1),
    dependency: [...new Set(imported.map(fileName))].sort(),
    messageType: types.map(messageOf),
    enumType: ofKind(namespace, protobuf.Enum).map(enumOf),
    service: services.map((service) => ({ name: service.name, method: service.methodsArray.map(methodOf) })),
    syntax: 'proto3',
  };
}

function messageOf(type: protobuf.Type): IDescriptorProto {
  const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  return {
    name: type.name,
    field: type.fieldsArray.map((field) => fieldOf(type, field)),
    nestedType: [...ofKind(type, protobuf.Type).map(messageOf), ...maps.map(mapEntryOf)],
    enumType: ofKind(type, protobuf.Enum).map(enumOf),
    oneofDecl: type.oneofsArray.map(({ name }) => ({ name })),
  };
}

const OPTIONAL = 1;
const REPEATED = 3;

function fieldOf(type: protobuf.Type, field: protobuf.Field): IFieldDescriptorProto {
  const { name, id, partOf } = field;
  if (field instanceof protobuf.MapField) {
    const typeName = `${type.fullName}.${mapEntryName(field)}`;
    return { name, number: id, label: REPEATED, type: MESSAGE, typeName };
  }
  return {
    name,
    number: id,
    label: field.repeated ? REPEATED : OPTIONAL,
    ...fieldType(field),
    ...(partOf !== null && { oneofIndex: type.oneofsArray.indexOf(partOf) }),
    ...(field.repeated && !field.packed && { options: { packed: false } }),
  };
}

/** The message that stands for an entry of a map, as protobuf's compiler names it. */
function mapEntryOf(field: protobuf.MapField): IDescriptorProto {
  return {
    name: mapEntryName(field),
    field: [
      { name: 'key', number: 1, label: OPTIONAL, type: SCALARS[field.keyType] ?? 0 },
      { name: 'value', number: 2, label: OPTIONAL, ...fieldType(field) },
    ],
    options: { mapEntry: true },
  };
}

function mapEntryName({ name }: protobuf.MapField): string {
  return `${name.replace(/(^|_)([a-z0-9])/gi, (_all, _line, letter: string) => letter.toUpperCase())}Entry`;
}

function fieldType({ resolvedType, type }: Pick<protobuf.FieldBase, 'resolvedType' | 'type'>): {
  type: number;
  typeName?: string;
} {
  if (resolvedType === null) return { type: SCALARS[type] ?? 0 };
  return { type: resolvedType instanceof protobuf.Enum ? ENUM : MESSAGE, typeName: resolvedType.fullName };
}

function enumOf({ name, values }: protobuf.Enum): IEnumDescriptorProto {
  const numbers = Object.entries(values);
  return {
    name,
    value: numbers.map(([value, number]) => ({ name: value, number })),
    ...(new Set(Object.values(values)).size < numbers.length && { options: { allowAlias: true } }),
  };
}

function methodOf(method: protobuf.Method): IMethodDescriptorProto {
  return {
    name: method.name,
    inputType: method.resolvedRequestType?.fullName ?? '',
    outputType: method.resolvedResponseType?.fullName ?? '',
    clientStreaming: method.requestStream === true,
    serverStreaming: method.responseStream === true,
  };
}

/** The messages and enums that a message and those within it refer to. */
function referencesOf(type: protobuf.Type): protobuf.ReflectionObject[] {
  const own = type.fieldsArray.map((field) => field.resolvedType).filter((resolved) => resolved !== null);
  return [...own, ...ofKind(type, protobuf.Type).flatMap(referencesOf)];
}

function messagesOf(service: protobuf.Service): protobuf.ReflectionObject[] {
  return service.methodsArray
    .flatMap((method) => [method.resolvedRequestType, method.resolvedResponseType])
    .filter((type) => type !== null);
}

function packageOf(item: protobuf.ReflectionObject): protobuf.ReflectionObject {
  const { parent } = item;
  return parent instanceof protobuf.Type ? packageOf(parent) : (parent ?? item);
}

function ofKind<T extends protobuf.ReflectionObject>(
  namespace: protobuf.NamespaceBase,
  kind: abstract new (...args: never[]) => T,
): T[] {
  return namespace.nestedArray.filter((item): item is T => item instanceof kind);
}

const MESSAGE = 11;
const ENUM = 14;
/** https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto, FieldDescriptorProto.Type */
const SCALARS: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
