import protobuf from 'protobufjs';
import { isDeeperThan } from '../base/nesting.js';
import { suggestion } from '../suggestion.js';
import {
  durationFromJson,
  enumFromJson,
  type ScalarRead,
  scalarFromJson,
  timestampFromJson,
} from './json-scalars.js';
import { apiType } from './messages.js';
import { structOf } from './struct.js';
import { structProblem, TOO_DEEP } from './struct-problem.js';

type Path = readonly (string | number)[];
type Fields = Readonly<Record<string, unknown>>;

/** What is wrong in a JSON value, and where. */
export interface JsonProblem {
  readonly path: Path;
  /** Whether the key is meant or what it stands for. */
  readonly at: 'key' | 'value';
  readonly message: string;
}

export interface MergedJson {
  /** Field names as the protos spell them; what `protobuf.Type.fromObject` takes. */
  readonly message: Record<string, unknown>;
  readonly problems: readonly JsonProblem[];
  /** The fields that the JSON names outside lists, maps and Anys, such as `route.cluster`, and where. */
  readonly named: ReadonlyMap<string, Path>;
  /** Where the JSON says a field that Envoy has deprecated, and its name. */
  readonly deprecated: readonly { readonly path: Path; readonly field: string }[];
}

/** What is deeper is not looked at: each level of messages takes one of JSON or two. */
const DEEPEST_JSON = 100;
/**
 * The levels of messages within the one that a block of JSON is put over. Envoy reads 100 (protobuf's
 * `CodedInputStream`), entries of maps included, and a route stands two levels deep in its route configuration.
 */
const MOST_LEVELS = 96;

/**
 * Puts protobuf's JSON over a message: messages are merged field by field, lists and everything else is replaced, an entry of a
 * map is merged with the one of its key, an Any with one of the same type. A field that is `null` is taken out.
 * https://protobuf.dev/programming-guides/json/
 * @param name the full name of the message type
 * @param base the message as an object of its fields
 */
export function mergeJson(name: string, base: Fields, json: unknown): MergedJson {
  const type = apiType(name);
  if (type === undefined) throw new Error(`${name} is no message of Envoy's configuration`);
  const merge = new Merge();
  if (isDeeperThan(json, DEEPEST_JSON)) {
    const problems: readonly JsonProblem[] = [{ path: [], at: 'value', message: TOO_DEEP }];
    return { message: { ...base }, problems, named: merge.named, deprecated: [] };
  }
  const message = merge.message(type, base, json, [], '');
  const { problems, named, deprecated } = merge;
  return { message, problems, named, deprecated };
}

class Merge {
  readonly problems: JsonProblem[] = [];
  readonly named = new Map<string, Path>();
  readonly deprecated: { path: Path; field: string }[] = [];
  /** How deep the message stands that is being merged, as Envoy counts. */
  #level = 0;

  /** @param place the fields on the way here; undefined within what has no fixed place */
  message(
    type: protobuf.Type,
    base: Fields,
    json: unknown,
    path: Path,
    place: string | undefined,
  ): Record<string, unknown> {
    const merged: Record<string, unknown> = { ...base };
    if (!isRecord(json)) {
      this.#wrong(path, 'value', `expected a mapping: ${nameOf(type)}`);
      return merged;
    }
    const chosen = new Map<string, string>();
    const seen = new Set<protobuf.Field>();
    for (const [key, value] of Object.entries(json)) {
      const here = [...path, key];
      const field = fieldsOf(type).get(key);
      if (field === undefined) {
        this.#wrong(
          here,
          'key',
          `no such field of ${nameOf(type)}${suggestion(key, namesOf(type), this.problems.length)}`,
        );
        continue;
      }
      if (seen.has(field)) this.#wrong(here, 'key', `"${field.name}" stands here twice, in two spellings`);
      seen.add(field);
      const inner = place === undefined ? undefined : `${place}${place === '' ? '' : '.'}${field.name}`;
      if (inner !== undefined) this.named.set(inner, here);
      if (value === null && field.resolvedType?.fullName !== '.google.protobuf.Value') {
        delete merged[field.name];
        continue;
      }
      if (field.options?.deprecated === true) this.deprecated.push({ path: here, field: field.name });
      if (field.options?.disallowed === true)
        this.#wrong(here, 'key', 'Envoy does not take this field any more');
      if (field.partOf !== null) {
        const other = chosen.get(field.partOf.name);
        if (other !== undefined)
          this.#wrong(here, 'key', `"${other}" and "${field.name}" exclude each other`);
        chosen.set(field.partOf.name, field.name);
        for (const member of field.partOf.oneof) if (member !== field.name) delete merged[member];
      }
      merged[field.name] = this.#field(field, merged[field.name], value, here, inner);
    }
    return merged;
  }

  #field(
    field: protobuf.Field,
    base: unknown,
    json: unknown,
    path: Path,
    place: string | undefined,
  ): unknown {
    if (field instanceof protobuf.MapField) {
      if (!isRecord(json)) return this.#wrong(path, 'value', 'expected a mapping');
      const before = isRecord(base) ? base : {};
      this.#level += 1;
      const entries = Object.entries(json).map(([key, value]) => [
        key,
        this.#value(field, before[key], value, [...path, key], undefined),
      ]);
      this.#level -= 1;
      return { ...before, ...Object.fromEntries(entries) };
    }
    if (field.repeated) {
      if (!Array.isArray(json)) return this.#wrong(path, 'value', 'expected a list');
      return json.map((value, index) => this.#value(field, undefined, value, [...path, index], undefined));
    }
    return this.#value(field, base, json, path, place);
  }

  #value(
    field: protobuf.Field,
    base: unknown,
    json: unknown,
    path: Path,
    place: string | undefined,
  ): unknown {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Enum) return this.#read(enumFromJson(resolvedType, json), path);
    if (!(resolvedType instanceof protobuf.Type)) return this.#read(scalarFromJson(field.type, json), path);
    this.#level += 1;
    const made =
      this.#level > MOST_LEVELS
        ? this.#wrong(path, 'value', TOO_DEEP)
        : this.#ofType(resolvedType, base, json, path, place);
    this.#level -= 1;
    return made;
  }

  #ofType(type: protobuf.Type, base: unknown, json: unknown, path: Path, place: string | undefined): unknown {
    const name = nameOf(type);
    if (PLAIN_DATA.has(name)) {
      const problem = structProblem(json, MOST_LEVELS - this.#level);
      if (problem !== undefined) return this.#wrong(path, 'value', problem);
    }
    switch (name) {
      case 'google.protobuf.Any':
        return this.#any(base, json, path);
      case 'google.protobuf.Duration':
        return this.#read(durationFromJson(json), path);
      case 'google.protobuf.Timestamp':
        return this.#read(timestampFromJson(json), path);
      case 'google.protobuf.Struct':
        return isRecord(json) ? structOf(json) : this.#wrong(path, 'value', 'expected a mapping');
      case 'google.protobuf.Value':
        return structOf({ value: json }).fields?.value;
      case 'google.protobuf.ListValue':
        return Array.isArray(json)
          ? structOf({ value: json }).fields?.value?.listValue
          : this.#wrong(path, 'value', 'expected a list');
    }
    const inside = type.fields.value;
    if (/^google\.protobuf\.\w+Value$/.test(name) && inside !== undefined)
      return { value: this.#read(scalarFromJson(inside.type, json), path) };
    return this.message(type, isRecord(base) ? base : {}, json, path, place);
  }

  #any(base: unknown, json: unknown, path: Path): unknown {
    if (!isRecord(json)) return this.#wrong(path, 'value', 'expected a mapping with "@type"');
    const { '@type': typeUrl, ...fields } = json;
    if (typeof typeUrl !== 'string')
      return this.#wrong(path, 'value', '"@type" is missing, such as "type.googleapis.com/envoy…"');
    const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
    const type = apiType(name);
    if (type === undefined || !typeUrl.includes('/'))
      return this.#wrong([...path, '@type'], 'value', `Envoy has no type "${typeUrl}" that is known here`);
    const before =
      isRecord(base) && String(base.type_url).endsWith(`/${name}`) ? decoded(type, base.value) : {};
    // What is in an Any is bytes, which Envoy reads by themselves.
    const level = this.#level;
    this.#level = 0;
    const message = name.startsWith('google.protobuf.')
      ? this.#ofType(type, undefined, fields.value, [...path, 'value'], undefined)
      : this.message(type, before, fields, path, undefined);
    this.#level = level;
    const bytes =
      this.problems.length > 0 ? new Uint8Array() : type.encode(type.fromObject(Object(message))).finish();
    return { type_url: typeUrl, value: bytes };
  }

  #read(read: ScalarRead, path: Path): unknown {
    return 'wrong' in read ? this.#wrong(path, 'value', read.wrong) : read.value;
  }

  #wrong(path: Path, at: JsonProblem['at'], message: string): undefined {
    this.problems.push({ path, at, message });
  }
}

/** What holds any data, and none of Envoy's messages. */
const PLAIN_DATA = new Set(['google.protobuf.Struct', 'google.protobuf.Value', 'google.protobuf.ListValue']);

const FIELDS = new WeakMap<protobuf.Type, ReadonlyMap<string, protobuf.Field>>();

/** The fields by both of their spellings. */
function fieldsOf(type: protobuf.Type): ReadonlyMap<string, protobuf.Field> {
  let fields = FIELDS.get(type);
  if (fields === undefined) {
    const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    fields = new Map(
      type.fieldsArray.flatMap((field) => [
        [camel(field.name), field],
        [field.name, field],
      ]),
    );
    FIELDS.set(type, fields);
  }
  return fields;
}

function namesOf(type: protobuf.Type): readonly string[] {
  return type.fieldsArray.map(({ name }) => name);
}

function decoded(type: protobuf.Type, bytes: unknown): Fields {
  return bytes instanceof Uint8Array ? type.toObject(type.decode(bytes)) : {};
}

function nameOf(type: protobuf.Type): string {
  return type.fullName.slice(1);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
