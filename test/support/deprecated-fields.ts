import protobuf from 'protobufjs';
import { apiType } from '../../src/protobuf/messages.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { messageName } from '../../src/snapshot/type-url.js';

/** The fields of a resource that Envoy has deprecated, messages inside an Any included, by their full names. */
export function deprecatedFields({ typeUrl, body }: Resource): readonly string[] {
  return inMessage(messageName(typeUrl), body);
}

function inMessage(name: string, bytes: Uint8Array): readonly string[] {
  const type = apiType(name);
  return type === undefined ? [] : inside(type, type.decode(bytes));
}

function inside(type: protobuf.Type, message: object): readonly string[] {
  if (type.fullName === '.google.protobuf.Any') {
    const value: unknown = Reflect.get(message, 'value');
    const name = messageName(String(Reflect.get(message, 'type_url')));
    return value instanceof Uint8Array ? inMessage(name, value) : [];
  }
  return type.fieldsArray.flatMap((field) => {
    if (!Object.hasOwn(message, field.name)) return [];
    const value: unknown = Reflect.get(message, field.name);
    const values: readonly unknown[] = field.repeated || field.map ? Object.values(Object(value)) : [value];
    const { resolvedType } = field.resolve();
    return [
      ...(field.options?.deprecated === true && values.length > 0
        ? [`${type.fullName.slice(1)}.${field.name}`]
        : []),
      ...(resolvedType instanceof protobuf.Type
        ? values.flatMap((each) =>
            typeof each === 'object' && each !== null ? inside(resolvedType, each) : [],
          )
        : []),
    ];
  });
}
