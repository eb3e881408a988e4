import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import protobuf from 'protobufjs';

// Envoy checks every message by the rules of protoc-gen-validate that stand in its protos:
// https://github.com/bufbuild/protoc-gen-validate. Here the same rules are read out of the published protos.

const require = createRequire(import.meta.url);
const RULES = '(validate.rules)';
const SCALARS = new Set([
  'uint32',
  'uint64',
  'int32',
  'int64',
  'double',
  'float',
  'string',
  'bytes',
  'bool',
  'enum',
]);

type Plain = Readonly<Record<string, unknown>>;

/** The published protos with their options. */
export async function publishedProtos(): Promise<protobuf.Root> {
  const published = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const includes = [
    ...['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((name) => join(published, name)),
    dirname(require.resolve('protobufjs/package.json')),
  ];
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    protobuf.common.get(target) !== null
      ? target
      : (includes.map((folder) => join(folder, target)).find((path) => existsSync(path)) ?? null);
  const roots = resolve(import.meta.dirname, '../../proto/roots.json');
  const { files }: { files: string[] } = JSON.parse(readFileSync(roots, 'utf8'));
  await root.load(files, { keepCase: true });
  root.resolveAll();
  return root;
}

/** What Envoy would refuse in an encoded message, messages inside an Any included; each with its place. */
export function violations(
  root: protobuf.Root,
  name: string,
  bytes: Uint8Array,
  at = name,
): readonly string[] {
  const type = root.lookupType(name);
  return inMessage(root, type, type.decode(bytes), at);
}

function inMessage(
  root: protobuf.Root,
  type: protobuf.Type,
  message: unknown,
  at: string,
): readonly string[] {
  if (!isPlain(message)) return [`${at}: no message`];
  if (type.fullName === '.google.protobuf.Any') {
    const name = String(message.type_url).split('/').at(-1) ?? '';
    return message.value instanceof Uint8Array ? violations(root, name, message.value, `${at}<${name}>`) : [];
  }
  const found = type.oneofsArray
    .filter((oneof) => oneof.options?.['(validate.required)'] === true)
    .filter((oneof) => !oneof.oneof.some((field) => isSet(type.fields[field], message)))
    .map((oneof) => `${at}.${oneof.name}: required`);
  for (const field of type.fieldsArray) found.push(...inField(root, field, message, `${at}.${field.name}`));
  return found;
}

function inField(root: protobuf.Root, field: protobuf.Field, message: Plain, at: string): readonly string[] {
  const rules = rulesOf(field);
  const value = message[field.name];
  if (!isSet(field, message)) return whereUnset(field, rules, at);
  if (Array.isArray(value)) {
    const { items, ...whole } = plain(rules.repeated);
    return [
      ...inList(value, whole, at),
      ...value.flatMap((item, index) => inValue(root, field, item, plain(items), `${at}[${index}]`)),
    ];
  }
  if (field instanceof protobuf.MapField) return inMap(root, field, value, plain(rules.map), at);
  return inValue(root, field, value, rules, at);
}

/** Proto3 scalars are checked even when they have no other value than the default; in a oneof only what was chosen. */
function whereUnset(field: protobuf.Field, rules: Plain, at: string): readonly string[] {
  if (field.partOf !== null) return [];
  if (field.repeated) return inList([], withoutItems(plain(rules.repeated)), at);
  if (field.map) return Number(plain(rules.map).min_pairs ?? 0) > 0 ? [`${at}: min_pairs`] : [];
  const required = ['message', 'any', 'duration', 'timestamp'].some(
    (kind) => plain(rules[kind]).required === true,
  );
  if (required) return [`${at}: required`];
  if (field.resolvedType instanceof protobuf.Type) return [];
  return inScalar(field, field.defaultValue, rules, at);
}

function inValue(
  root: protobuf.Root,
  field: protobuf.Field,
  value: unknown,
  rules: Plain,
  at: string,
): readonly string[] {
  if (!(field.resolvedType instanceof protobuf.Type)) return inScalar(field, value, rules, at);
  if (plain(rules.message).skip === true) return [];
  const { fullName } = field.resolvedType;
  if (fullName === '.google.protobuf.Duration') return inDuration(value, plain(rules.duration), at);
  // A rule of a scalar on a wrapper such as UInt32Value means what is inside.
  const inside = field.resolvedType.fields.value;
  if (
    fullName.startsWith('.google.protobuf.') &&
    fullName.endsWith('Value') &&
    inside !== undefined &&
    isPlain(value)
  )
    return inScalar(inside, value.value, rules, at);
  return inMessage(root, field.resolvedType, value, at);
}

function inMap(
  root: protobuf.Root,
  field: protobuf.Field,
  value: unknown,
  rules: Plain,
  at: string,
): readonly string[] {
  const entries = Object.entries(isPlain(value) ? value : {});
  const found = Number(rules.min_pairs ?? 0) > entries.length ? [`${at}: min_pairs`] : [];
  const least = Number(plain(plain(rules.keys).string).min_len ?? 0);
  for (const [key, item] of entries) {
    if (key.length < least) found.push(`${at}: the key "${key}" is too short`);
    found.push(...inValue(root, field, item, plain(rules.values), `${at}[${key}]`));
  }
  return found;
}

function inList(items: readonly unknown[], rules: Plain, at: string): string[] {
  return Object.entries(rules).flatMap(([rule, bound]) => {
    if (rule === 'min_items') return items.length < Number(bound) ? [`${at}: min_items ${bound}`] : [];
    if (rule === 'max_items') return items.length > Number(bound) ? [`${at}: max_items ${bound}`] : [];
    if (rule === 'unique') return new Set(items).size < items.length ? [`${at}: unique`] : [];
    throw new Error(`${at}: the rule repeated.${rule} is not known here`);
  });
}

function inDuration(value: unknown, rules: Plain, at: string): readonly string[] {
  const length = lengthOf(value);
  return Object.entries(rules).flatMap(([rule, bound]) => {
    if (rule === 'required') return [];
    return holds(rule, length, lengthOf(bound)) ? [] : [`${at}: ${rule} ${JSON.stringify(bound)}`];
  });
}

function inScalar(field: protobuf.Field, value: unknown, rules: Plain, at: string): readonly string[] {
  const [kind] = Object.keys(rules);
  if (kind === undefined || !SCALARS.has(kind)) return [];
  const ofKind = plain(rules[kind]);
  if (ofKind.ignore_empty === true && (value === '' || value === 0)) return [];
  return Object.entries(ofKind)
    .filter(([rule, bound]) => !scalarHolds(field, rule, bound, value))
    .map(([rule, bound]) => `${at}: ${kind}.${rule} ${JSON.stringify(bound)}, is ${JSON.stringify(value)}`);
}

function scalarHolds(field: protobuf.Field, rule: string, bound: unknown, value: unknown): boolean {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
  const listed = Array.isArray(bound) ? bound.map(String) : [String(bound)];
  switch (rule) {
    case 'min_len':
    case 'min_bytes':
      return text.length >= Number(bound);
    case 'max_len':
    case 'max_bytes':
      return Buffer.byteLength(text) <= Number(bound);
    case 'prefix':
      return text.startsWith(String(bound));
    case 'pattern':
      return new RegExp(String(bound)).test(text);
    case 'well_known_regex':
      // Strict or not, no header's name or value may hold these.
      return !/[\0\n\r]/.test(text);
    case 'in':
      return listed.includes(text);
    case 'not_in':
      return !listed.includes(text);
    case 'const':
      return listed[0] === text;
    case 'defined_only':
      return field.resolvedType instanceof protobuf.Enum && Number(text) in field.resolvedType.valuesById;
    case 'strict':
    case 'ignore_empty':
      return true;
    default:
      return holds(rule, Number(text), Number(bound));
  }
}

function holds(rule: string, value: number, bound: number): boolean {
  switch (rule) {
    case 'gt':
      return value > bound;
    case 'gte':
      return value >= bound;
    case 'lt':
      return value < bound;
    case 'lte':
      return value <= bound;
    default:
      throw new Error(`the rule ${rule} is not known here`);
  }
}

function isSet(field: protobuf.Field | undefined, message: Plain): boolean {
  if (field === undefined || !Object.hasOwn(message, field.name)) return false;
  const value = message[field.name];
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined;
}

function rulesOf(field: protobuf.Field): Plain {
  const options: readonly unknown[] = Array.isArray(field.parsedOptions) ? field.parsedOptions : [];
  const found = options.map((option) => plain(plain(option)[RULES]));
  return Object.assign({}, ...found);
}

function withoutItems({ items: _items, ...whole }: Plain): Plain {
  return whole;
}

function lengthOf(duration: unknown): number {
  const { seconds = 0, nanos = 0 } = plain(duration);
  return Number(seconds) + Number(nanos) / 1e9;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null;
}

function plain(value: unknown): Plain {
  return isPlain(value) ? value : {};
}
