import protobuf from 'protobufjs';
import { messageOf } from '../errors.js';
import { apiType, descriptors, typeIn } from './messages.js';
import { plainStruct } from './struct.js';

/**
 * An encoded message as protobuf's JSON, with field names as the protos spell them: the form in which Envoy itself
 * shows its configuration. https://protobuf.dev/programming-guides/json/
 * What Envoy's protos call sensitive, such as a private key, is shown as Envoy shows it: `[redacted]`.
 * @param name the full name of the message type
 * @returns a plain value; for a type that Envoy's protos do not have its name and the bytes in base64, and for bytes
 *   that are no such message, or one that is nested too deep, the reason
 */
export function toJson(name: string, bytes: Uint8Array): unknown {
  const type = lookup(name);
  if (type === undefined)
    return { '@type': `type.googleapis.com/${name}`, value: Buffer.from(bytes).toString('base64') };
  try {
    return messageJson(type, type.decode(bytes));
  } catch (thrown) {
    // Without the bytes: they may hold a secret.
    return { '@type': `type.googleapis.com/${name}`, unreadable: messageOf(thrown) };
  }
}

type Fields = Readonly<Record<string, unknown>>;

function lookup(name: string): protobuf.Type | undefined {
  return typeIn(descriptors(), name) ?? apiType(name);
}

function messageJson(type: protobuf.Type, message: protobuf.Message): unknown {
  const fields = message as unknown as Fields;
  const name = type.fullName.slice(1);
  const special = WELL_KNOWN[name];
  if (special !== undefined) return special(fields, type);
  const present = type.fieldsArray.filter((field) => isPresent(field, fields));
  return Object.fromEntries(
    present.map((field) => {
      const json = fieldJson(field, fields[field.name]);
      return [field.name, field.options?.sensitive === true ? redacted(json) : json];
    }),
  );
}

/** Every text in it; where a secret comes from (a file's name, an environment variable's) is none. */
function redacted(json: unknown): unknown {
  if (typeof json === 'string') return '[redacted]';
  if (Array.isArray(json)) return json.map(redacted);
  if (typeof json !== 'object' || json === null) return json;
  const open = new Set(['filename', 'environment_variable', 'watched_directory']);
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, open.has(key) ? value : redacted(value)]),
  );
}

/** Lists and maps are always there once decoded; an empty one is left out as any other default is. */
function isPresent(field: protobuf.Field, fields: Fields): boolean {
  if (!Object.hasOwn(fields, field.name)) return false;
  return !(field.repeated || field.map) || Object.keys(Object(fields[field.name])).length > 0;
}

function fieldJson(field: protobuf.Field, value: unknown): unknown {
  if (field instanceof protobuf.MapField) {
    const entries = Object.entries(value as Fields);
    return Object.fromEntries(entries.map(([key, entry]) => [key, valueJson(field, entry)]));
  }
  if (field.repeated) return (value as readonly unknown[]).map((entry) => valueJson(field, entry));
  return valueJson(field, value);
}

function valueJson(field: protobuf.Field, value: unknown): unknown {
  const resolved = field.resolvedType;
  if (resolved instanceof protobuf.Type) return messageJson(resolved, value as protobuf.Message);
  if (resolved instanceof protobuf.Enum) return resolved.valuesById[Number(value)] ?? value;
  return scalarJson(value);
}

function scalarJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof protobuf.util.Long) return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

const wrapper = (fields: Fields, type: protobuf.Type): unknown => {
  const value = fields.value ?? type.fields.value?.defaultValue;
  return scalarJson(value);
};

const WELL_KNOWN: Readonly<Record<string, (fields: Fields, type: protobuf.Type) => unknown>> = {
  'google.protobuf.Any': (fields) => anyJson(String(fields.type_url ?? ''), fields.value),
  'google.protobuf.Duration': (fields) => `${seconds(fields)}s`,
  'google.protobuf.Timestamp': (fields) => new Date(Number(seconds(fields)) * 1_000).toISOString(),
  'google.protobuf.Struct': (fields, type) =>
    plainStruct(type.toObject(fields as unknown as protobuf.Message)),
  'google.protobuf.Empty': () => ({}),
  'google.protobuf.BoolValue': wrapper,
  'google.protobuf.BytesValue': wrapper,
  'google.protobuf.DoubleValue': wrapper,
  'google.protobuf.FloatValue': wrapper,
  'google.protobuf.Int32Value': wrapper,
  'google.protobuf.Int64Value': wrapper,
  'google.protobuf.StringValue': wrapper,
  'google.protobuf.UInt32Value': wrapper,
  'google.protobuf.UInt64Value': wrapper,
};

function anyJson(typeUrl: string, value: unknown): unknown {
  // Nothing, as `{}` says it: a type without a name cannot be read again.
  if (typeUrl === '') return {};
  const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
  const json = toJson(name, value instanceof Uint8Array ? value : new Uint8Array());
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(name in WELL_KNOWN)
    ? { '@type': typeUrl, ...json }
    : { '@type': typeUrl, value: json };
}

function seconds(fields: Fields): string {
  const whole = Number(fields.seconds ?? 0);
  const nanos = Number(fields.nanos ?? 0);
  const sign = whole < 0 || nanos < 0 ? '-' : '';
  const fraction = nanos === 0 ? '' : `.${String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '')}`;
  return `${sign}${Math.abs(whole)}${fraction}`;
}
