import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';

/** Values for a place in the schema where arbitrary ones would hardly ever do, by its path or by what it is. */
export type Hints = readonly (readonly [
  place: RegExp | ((schema: z.core.$ZodType) => boolean),
  values: Arbitrary<unknown>,
])[];

/**
 * Arbitrary input of a zod schema: of what it accepts by its types, bounds and patterns; an object that its own
 * refinements refuse is made anew.
 * @param hints the first one that fits a place is taken for what the schema says there; paths as in {@link keyPaths}
 * @param path where the schema stands, such as `routes[].match`
 */
export function inputOf(schema: z.core.$ZodType, hints: Hints, path = ''): Arbitrary<unknown> {
  const hint = hints.find(([place]) => (place instanceof RegExp ? place.test(path) : place(schema)));
  if (hint !== undefined) return hint[1];
  const inner = (next: z.core.$ZodType, key = '') => inputOf(next, hints, path + key);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
      return inner(def.innerType);
    case 'pipe':
      return inner(def.in);
    case 'union':
      return fc.oneof(...def.options.map((option) => inner(option)));
    case 'object':
      return objectOf(schema, def.shape, inner);
    case 'record':
      return fc
        .array(fc.tuple(inner(def.keyType, '{}'), inner(def.valueType, '.*')), { maxLength: 3 })
        .map((entries) => Object.fromEntries(entries));
    case 'array':
      return fc.array(inner(def.element, '[]'), {
        minLength: Math.max(0, boundsOf(def).least),
        maxLength: 3,
      });
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'string':
      return textOf(def);
    case 'number':
      return numberOf(def);
    default:
      throw new Error(`no arbitrary for ${def.type} at ${path}`);
  }
}

/** Every key of the objects within a schema, such as `routes[].retries.backoff.base`; `*` stands for any key. */
export function keyPaths(schema: z.core.$ZodType, path = ''): readonly string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
      return keyPaths(def.innerType, path);
    case 'pipe':
      return keyPaths(def.in, path);
    case 'union':
      return [...new Set(def.options.flatMap((option) => keyPaths(option, path)))];
    case 'record':
      return keyPaths(def.valueType, `${path}.*`);
    case 'array':
      return keyPaths(def.element, `${path}[]`);
    case 'object':
      return Object.entries(def.shape).flatMap(([key, value]) => {
        const inner = path === '' ? key : `${path}.${key}`;
        return [inner, ...keyPaths(value, inner)];
      });
    default:
      return [];
  }
}

/** The keys of {@link keyPaths} that a value has. */
export function keysIn(value: unknown, known: ReadonlySet<string>, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => keysIn(each, known, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const own = path === '' ? key : `${path}.${key}`;
    const inner = known.has(own) ? own : `${path}.*`;
    return [inner, ...keysIn(each, known, inner)];
  });
}

/** Most keys are left out most of the time, so that objects with rules among their keys are often right. */
function objectOf(
  schema: z.core.$ZodType,
  shape: Readonly<Record<string, z.core.$ZodType>>,
  inner: (schema: z.core.$ZodType, key: string) => Arbitrary<unknown>,
): Arbitrary<unknown> {
  const keys = Object.entries(shape).map(([key, value]) => {
    const values = inner(value, `.${key}`).map((each): Record<string, unknown> => ({ [key]: each }));
    return z.safeParse(value, undefined).success
      ? fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: values })
      : values;
  });
  const made = fc.tuple(...keys).map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);
  if (schema._zod.def.checks === undefined) return made;
  return made
    .map((value) => withoutProblems(schema, value))
    .filter((value) => z.safeParse(schema, value).success);
}

/** More would leave nothing. */
const MOST_REPAIRS = 5;

/** Takes out what the schema refuses, as far as it names it. */
function withoutProblems(schema: z.core.$ZodType, value: unknown): unknown {
  const kept = structuredClone(value);
  for (let repairs = 0; repairs < MOST_REPAIRS; repairs += 1) {
    const { error } = z.safeParse(schema, kept);
    const [issue] = error?.issues.filter(({ path }) => path.length > 0) ?? [];
    if (issue === undefined) break;
    remove(kept, issue.path);
  }
  return kept;
}

/**
 * Takes out what stands at a path, or the closest part around it that is there.
 * @returns whether there was any
 */
export function remove(value: unknown, path: readonly PropertyKey[]): boolean {
  let place: unknown;
  let key: PropertyKey | undefined;
  let here: unknown = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) break;
    place = here;
    key = part;
    here = Reflect.get(here, part);
  }
  if (key === undefined) return false;
  if (Array.isArray(place)) place.splice(Number(key), 1);
  else if (typeof place === 'object' && place !== null) Reflect.deleteProperty(place, key);
  return true;
}

interface Checked {
  readonly checks?: readonly z.core.$ZodCheck<never>[] | undefined;
}

function boundsOf({ checks = [] }: Checked): {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  readonly pattern: RegExp | undefined;
} {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let whole = false;
  let pattern: RegExp | undefined;
  for (const check of checks) {
    const def = check._zod.def as z.core.$ZodChecks['_zod']['def'];
    if (def.check === 'greater_than') least = Number(def.value) + (def.inclusive ? 0 : 1e-9);
    if (def.check === 'less_than') most = Number(def.value);
    if (def.check === 'min_length') least = def.minimum;
    if (def.check === 'max_length') most = def.maximum;
    if (def.check === 'number_format') whole = true;
    if (def.check === 'string_format') pattern = def.pattern;
  }
  return { least, most, whole, pattern };
}

/** The ends of the range, what is just around them, and what protobuf's numbers just hold and no longer hold. */
function numberOf(def: Checked): Arbitrary<number> {
  const { least, most, whole } = boundsOf(def);
  const edges = [0, 1, 2, 100, 0.5, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 1e15, 1e300, least, most];
  const allowed = edges.filter(
    (value) =>
      value >= least && value <= most && Number.isFinite(value) && (!whole || Number.isSafeInteger(value)),
  );
  const start = Math.max(Math.ceil(least), -10);
  const small = fc.integer({ min: start, max: Math.min(most, Math.max(start, 0) + 1_000) });
  return fc.oneof({ weight: 4, arbitrary: small }, { weight: 1, arbitrary: fc.constantFrom(...allowed) });
}

function textOf(def: Checked): Arbitrary<string> {
  const { least, most, pattern } = boundsOf(def);
  const bounds = { minLength: Math.max(0, least), maxLength: Math.min(most, 12) };
  const some =
    pattern === undefined ? fc.string({ ...bounds, unit: 'grapheme' }) : fc.stringMatching(pattern);
  return some.filter((text) => text.length >= bounds.minLength && text.length <= most);
}
