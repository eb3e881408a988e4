import protobuf from 'protobufjs';
import { apiType } from './messages.js';

type Path = readonly (string | number)[];
type Plain = Readonly<Record<string, unknown>>;

/** A field that Envoy would refuse a message for. */
export interface Violation {
  /** Fields as the protos spell them, and indices of lists. */
  readonly path: Path;
  readonly message: string;
}

/**
 * What in an encoded message breaks the rules that Envoy's protos set on its fields, messages inside an Any included. Envoy checks every
 * message by them: https://github.com/bufbuild/protoc-gen-validate.
 * @param name the full name of the message type
 */
export function violations(name: string, bytes: Uint8Array): readonly Violation[] {
  const type = apiType(name);
  return type === undefined ? [] : inMessage(type, type.decode(bytes), []);
}

function inMessage(type: protobuf.Type, message: unknown, path: Path): readonly Violation[] {
  const fields = plain(message);
  if (type.fullName === '.google.protobuf.Any') {
    const inner = apiType(String(fields.type_url).split('/').at(-1) ?? '');
    if (inner === undefined || !(fields.value instanceof Uint8Array)) return [];
    return inMessage(inner, inner.decode(fields.value), path);
  }
  const unchosen = type.oneofsArray
    .filter((oneof) => oneof.options?.required === true)
    .filter(({ oneof }) => !oneof.some((name) => isSet(fields, name)))
    .map(({ oneof }) => ({ path, message: `one of these is needed: ${oneof.join(', ')}` }));
  return [...unchosen, ...type.fieldsArray.flatMap((field) => inField(field, fields, [...path, field.name]))];
}

function inField(field: protobuf.Field, message: Plain, path: Path): readonly Violation[] {
  const rules = plain(field.options?.rules);
  const value = message[field.name];
  if (field.repeated) {
    const { items, ...whole } = plain(rules.repeated);
    const list = Array.isArray(value) ? value : [];
    return [
      ...inList(list, whole, path),
      ...list.flatMap((item, index) => inValue(field, item, plain(items), [...path, index])),
    ];
  }
  if (field instanceof protobuf.MapField) return inMap(field, plain(value), plain(rules.map), path);
  if (isSet(message, field.name)) return inValue(field, value, rules, path);
  // A scalar is checked even when it has no other value than the default; in a oneof only the one that was chosen.
  if (field.partOf !== null) return [];
  if (Object.values(rules).some((ofKind) => plain(ofKind).required === true))
    return [{ path, message: 'is needed' }];
  return field.resolvedType instanceof protobuf.Type ? [] : inScalar(field, field.defaultValue, rules, path);
}

function inValue(field: protobuf.Field, value: unknown, rules: Plain, path: Path): readonly Violation[] {
  const type = field.resolvedType;
  if (!(type instanceof protobuf.Type)) return inScalar(field, value, rules, path);
  // Nothing is said of what is in it, which may be much.
  if (type.fullName === '.google.protobuf.Struct') return [];
  if (type.fullName === '.google.protobuf.Duration')
    return broken(plain(rules.duration), lengthOf(value), path, lengthOf, 's');
  const inside = type.fields.value;
  // A rule of a scalar on a wrapper such as UInt32Value means what is inside.
  if (/^\.google\.protobuf\.\w+Value$/.test(type.fullName) && inside !== undefined)
    return inScalar(inside, plain(value).value, rules, path);
  return plain(rules.message).skip === true ? [] : inMessage(type, value, path);
}

function inMap(field: protobuf.Field, map: Plain, rules: Plain, path: Path): readonly Violation[] {
  const entries = Object.entries(map);
  const least = Number(plain(plain(rules.keys).string).min_len ?? 0);
  return [
    ...(entries.length < Number(rules.min_pairs ?? 0) ? [{ path, message: 'must not be empty' }] : []),
    ...entries.flatMap(([key, value]) => [
      ...(key.length < least ? [{ path, message: 'a key is empty' }] : []),
      ...inValue(field, value, plain(rules.values), [...path, key]),
    ]),
  ];
}

function inList(list: readonly unknown[], rules: Plain, path: Path): readonly Violation[] {
  const found: Violation[] = [];
  const { min_items = 0, max_items = Number.POSITIVE_INFINITY, unique = false } = rules;
  if (list.length < Number(min_items))
    found.push({ path, message: `expected at least ${min_items} of these` });
  if (list.length > Number(max_items))
    found.push({ path, message: `expected at most ${max_items} of these` });
  if (unique === true && new Set(list).size < list.length)
    found.push({ path, message: 'one stands here twice' });
  return found;
}

function inScalar(field: protobuf.Field, value: unknown, rules: Plain, path: Path): readonly Violation[] {
  const { string, bytes, enum: ofEnum, bool, ...numbers } = rules;
  if (string !== undefined) return inText(String(value ?? ''), plain(string), path);
  if (bytes !== undefined)
    return inText(
      Buffer.from(value instanceof Uint8Array ? value : []).toString('latin1'),
      plain(bytes),
      path,
    );
  if (ofEnum !== undefined) {
    const known = field.resolvedType instanceof protobuf.Enum ? field.resolvedType.valuesById : {};
    const { defined_only, not_in } = plain(ofEnum);
    const excluded = (Array.isArray(not_in) ? not_in : [not_in]).includes(value);
    return (defined_only === true && !(Number(value) in known)) || excluded
      ? [{ path, message: 'expected another value' }]
      : [];
  }
  if (bool !== undefined) {
    const wanted = plain(bool).const;
    return wanted === undefined || wanted === value ? [] : [{ path, message: `must be ${String(wanted)}` }];
  }
  const [ofKind] = Object.values(numbers);
  return broken(plain(ofKind), Number(value ?? 0), path, Number, '');
}

function inText(text: string, rules: Plain, path: Path): readonly Violation[] {
  const { min_len = 0, max_len, max_bytes, pattern, well_known_regex, ignore_empty, in: choices } = rules;
  if (text === '' && ignore_empty === true) return [];
  const most = Number(max_len ?? max_bytes ?? Number.POSITIVE_INFINITY);
  if (text.length < Number(min_len))
    return [{ path, message: Number(min_len) === 1 ? 'must not be empty' : 'is too short' }];
  if (Buffer.byteLength(text) > most) return [{ path, message: `expected at most ${most} bytes` }];
  if (pattern !== undefined && !new RegExp(String(pattern)).test(text))
    return [{ path, message: `expected ${pattern}` }];
  // Strict or not, no header's name or value may hold these.
  if (well_known_regex !== undefined && /[\0\n\r]/.test(text)) return [{ path, message: 'has a line break' }];
  if (Array.isArray(choices) && !choices.includes(text))
    return [{ path, message: `expected one of: ${choices.join(', ')}` }];
  return [];
}

/** The bounds that a number does not keep. */
function broken(
  rules: Plain,
  value: number,
  path: Path,
  read: (bound: unknown) => number,
  unit: string,
): readonly Violation[] {
  const { gt, gte, lt, lte } = rules;
  const found: string[] = [];
  if (gt !== undefined && !(value > read(gt))) found.push(`must be above ${read(gt)}${unit}`);
  if (gte !== undefined && !(value >= read(gte))) found.push(`must be at least ${read(gte)}${unit}`);
  if (lt !== undefined && !(value < read(lt))) found.push(`must be below ${read(lt)}${unit}`);
  if (lte !== undefined && !(value <= read(lte))) found.push(`must be at most ${read(lte)}${unit}`);
  return found.map((message) => ({ path, message }));
}

function isSet(message: Plain, name: string): boolean {
  return Object.hasOwn(message, name) && message[name] !== null && message[name] !== undefined;
}

/** Seconds. */
function lengthOf(duration: unknown): number {
  const { seconds = 0, nanos = 0 } = plain(duration);
  return Number(seconds) + Number(nanos) / 1e9;
}

function plain(value: unknown): Plain {
  return typeof value === 'object' && value !== null ? Object(value) : {};
}
