import protobuf from 'protobufjs';
import { suggestion } from '../suggestion.js';
import { textOf } from '../text-of.js';
import { enumFromJson, type ScalarRead, scalarFromJson } from './json-scalars.js';
import { apiType, descriptors, typeIn } from './messages.js';

type Path = readonly (string | number)[];
type Fields = Readonly<Record<string, unknown>>;

/** What is wrong in an object that is to become a message, and where. */
export interface ObjectProblem {
  /** Fields as the protos spell them, keys of maps, and indices of lists. */
  readonly path: Path;
  readonly message: string;
}

/** The type of a message by its full name; undefined where Envoy's protos have none. */
export function messageType(name: string): protobuf.Type | undefined {
  return apiType(name) ?? typeIn(descriptors(), name);
}

/**
 * Checks and encodes an object of a message's fields, as the generated types describe it. An Any may be given packed
 * (`type_url`, `value`) or as its fields with `@type`. Maps are written in the order of their keys, so that equal
 * content has equal bytes.
 */
export function encodeObject(
  type: protobuf.Type,
  given: unknown,
): { readonly bytes: Uint8Array; readonly problems: readonly ObjectProblem[] } {
  const read = new ObjectReader();
  const message = read.message(type, given, []);
  if (read.problems.length > 0) return { bytes: new Uint8Array(), problems: read.problems };
  return { bytes: type.encode(type.fromObject(message)).finish(), problems: [] };
}

class ObjectReader {
  readonly problems: ObjectProblem[] = [];

  message(type: protobuf.Type, given: unknown, path: Path): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    if (!isRecord(given)) {
      this.#wrong(path, `expected an object: ${type.fullName.slice(1)}`);
      return made;
    }
    const chosen = new Map<string, string>();
    for (const [key, value] of Object.entries(given)) {
      // The generated types name a oneof too, by which decoded messages tell what is set.
      if (value === undefined || value === null || type.oneofs?.[key] !== undefined) continue;
      const field = type.fields[key];
      if (field === undefined) {
        const near = suggestion(key, Object.keys(type.fields), this.problems.length);
        this.#wrong([...path, key], `no such field of ${type.fullName.slice(1)}${near}`);
        continue;
      }
      const other = field.partOf === null ? undefined : chosen.get(field.partOf.name);
      if (other !== undefined) this.#wrong([...path, key], `"${other}" and "${key}" exclude each other`);
      if (field.partOf !== null) chosen.set(field.partOf.name, key);
      made[key] = this.#field(field, value, [...path, key]);
    }
    return made;
  }

  #field(field: protobuf.Field, given: unknown, path: Path): unknown {
    if (field instanceof protobuf.MapField) {
      if (!isRecord(given)) return this.#wrong(path, 'expected an object of keys and values');
      const keys = Object.keys(given).sort();
      return Object.fromEntries(keys.map((key) => [key, this.#value(field, given[key], [...path, key])]));
    }
    if (!field.repeated) return this.#value(field, given, path);
    if (!Array.isArray(given)) return this.#wrong(path, 'expected a list');
    return given.map((value, index) => this.#value(field, value, [...path, index]));
  }

  #value(field: protobuf.Field, given: unknown, path: Path): unknown {
    const { resolvedType, type } = field.resolve();
    if (resolvedType instanceof protobuf.Enum) return this.#read(enumFromJson(resolvedType, given), path);
    if (resolvedType instanceof protobuf.Type) {
      return resolvedType.fullName === '.google.protobuf.Any'
        ? this.#any(given, path)
        : this.message(resolvedType, given, path);
    }
    if (type === 'bytes' && given instanceof Uint8Array) return given;
    // Integers of 64 bits may come as the `Long` that protobufjs makes.
    const long = isRecord(given) && 'low' in given && 'high' in given;
    return this.#read(scalarFromJson(type, long ? String(given) : given), path);
  }

  #any(given: unknown, path: Path): unknown {
    if (!isRecord(given))
      return this.#wrong(path, 'expected an object with "@type", or "type_url" and "value"');
    const { '@type': typeUrl, ...fields } = given;
    if (typeUrl === undefined) {
      const { type_url, value } = fields;
      if (typeof type_url === 'string' && type_url.includes('/') && value instanceof Uint8Array) return given;
      return this.#wrong(path, 'expected "@type" and fields, or "type_url" and "value" as bytes');
    }
    const type = messageType(textOf(typeUrl).split('/').at(-1) ?? '');
    if (type === undefined || !textOf(typeUrl).includes('/'))
      return this.#wrong([...path, '@type'], `Envoy has no type "${textOf(typeUrl)}" that is known here`);
    const before = this.problems.length;
    const message = this.message(type, fields, path);
    if (this.problems.length > before) return undefined;
    return { type_url: typeUrl, value: type.encode(type.fromObject(message)).finish() };
  }

  #read(read: ScalarRead, path: Path): unknown {
    return 'wrong' in read ? this.#wrong(path, read.wrong) : read.value;
  }

  #wrong(path: Path, message: string): undefined {
    this.problems.push({ path, message });
  }
}

function isRecord(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
