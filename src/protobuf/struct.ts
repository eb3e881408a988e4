import type { Struct } from '../generated/types/google/protobuf/Struct.js';
import type { Value } from '../generated/types/google/protobuf/Value.js';

/** A `google.protobuf.Struct` as a plain object. */
export function plainStruct(struct: Struct): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(struct.fields ?? {}).map(([key, value]) => [key, plainValue(value)]),
  );
}

function plainValue(value: Value): unknown {
  if (value.structValue !== undefined && value.structValue !== null) return plainStruct(value.structValue);
  if (value.listValue !== undefined && value.listValue !== null)
    return (value.listValue.values ?? []).map(plainValue);
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
}

/** Texts as a `google.protobuf.Struct`, keys in a fixed order so that equal content has equal bytes. */
export function textStruct(texts: Readonly<Record<string, string>>): Struct {
  const keys = Object.keys(texts).sort();
  return { fields: Object.fromEntries(keys.map((key) => [key, { stringValue: texts[key] ?? '' }])) };
}

/** A plain object, such as {@link plainStruct} makes, as a `google.protobuf.Struct`. */
export function structOf(plain: Readonly<Record<string, unknown>>): Struct {
  return {
    fields: Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, protoValue(value)])),
  };
}

function protoValue(plain: unknown): Value {
  if (typeof plain === 'string') return { stringValue: plain };
  if (typeof plain === 'number') return { numberValue: plain };
  if (typeof plain === 'boolean') return { boolValue: plain };
  if (Array.isArray(plain)) return { listValue: { values: plain.map(protoValue) } };
  if (typeof plain === 'object' && plain !== null) return { structValue: structOf({ ...plain }) };
  return { nullValue: 'NULL_VALUE' };
}
