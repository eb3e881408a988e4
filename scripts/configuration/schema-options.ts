import { z } from 'zod';

type Schema = z.core.$ZodType;

/** An option as the schema has it. */
export interface SchemaOption {
  /** Keys joined by dots; `*` for a key that users name, `[]` for each of a list. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** As YAML; undefined where there is none. */
  readonly default?: string;
  /** A mapping or a list of mappings, whose options follow it or stand elsewhere. */
  readonly holds?: 'own' | { readonly as: string };
}

/** Mappings that stand in several places, by where they were met first. */
export type Met = Map<Schema, string>;

interface Unwrapped {
  readonly schema: Schema;
  readonly optional: boolean;
  readonly fallback: unknown;
}

/**
 * The options below a mapping, in order.
 * @param at how the mapping is called elsewhere
 * @param leave paths, from the root, whose options are told in a place of their own
 */
export function optionsOf(
  schema: Schema,
  at: string,
  met: Met,
  leave: (path: string) => boolean,
): readonly SchemaOption[] {
  const found: SchemaOption[] = [];
  const visit = (mapping: Schema, prefix: string) => {
    for (const [key, value] of Object.entries(shapeOf(mapping))) {
      const { schema: inner, optional, fallback } = unwrap(value);
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const whole = at === '' ? path : `${at}.${path}`;
      const parts = leave(whole) ? [] : mappingsIn(inner, path);
      const [first] = parts;
      const as = first === undefined ? undefined : met.get(first.schema);
      found.push({
        path,
        type: typeOf(inner),
        required: !optional && fallback === undefined,
        ...(fallback !== undefined && { default: defaultOf(fallback, inner) }),
        ...(first !== undefined && { holds: as === undefined ? ('own' as const) : { as } }),
      });
      for (const part of parts) {
        if (met.has(part.schema)) continue;
        met.set(part.schema, at === '' ? part.path : `${at}.${part.path}`);
        visit(part.schema, part.path);
      }
    }
  };
  visit(unwrap(schema).schema, '');
  return found;
}

/** The schema at a path. */
export function schemaAt(root: Schema, path: string): Schema {
  let schema = unwrap(root).schema;
  for (const step of path.split(/\.|(?=\[\])/).filter((text) => text !== '')) {
    const { def } = schema._zod;
    if (step === '*' && def.type === 'record') schema = (def as z.core.$ZodRecordDef).valueType;
    else if (step === '[]' && def.type === 'array') schema = (def as z.core.$ZodArrayDef).element;
    else {
      const next = shapeOf(schema)[step];
      if (next === undefined) throw new Error(`the schema has no ${path}`);
      schema = next;
    }
    schema = unwrap(schema).schema;
  }
  return schema;
}

function unwrap(schema: Schema): Unwrapped {
  const { def } = schema._zod;
  switch (def.type) {
    case 'optional':
      return { ...unwrap((def as z.core.$ZodOptionalDef).innerType), optional: true };
    case 'default':
    case 'prefault': {
      const { innerType, defaultValue } = def as z.core.$ZodDefaultDef;
      return { ...unwrap(innerType), fallback: defaultValue };
    }
    case 'pipe':
      return unwrap((def as z.core.$ZodPipeDef).in);
    default:
      return { schema, optional: false, fallback: undefined };
  }
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> {
  const { def } = schema._zod;
  return def.type === 'object' ? (def as z.core.$ZodObjectDef).shape : {};
}

/** The mappings with options of their own that a value may be or hold. */
function mappingsIn(
  schema: Schema,
  path: string,
): readonly { readonly schema: Schema; readonly path: string }[] {
  const { schema: inner } = unwrap(schema);
  const { def } = inner._zod;
  if (def.type === 'object') return [{ schema: inner, path }];
  if (def.type === 'array') return mappingsIn((def as z.core.$ZodArrayDef).element, `${path}[]`);
  if (def.type === 'record') return mappingsIn((def as z.core.$ZodRecordDef).valueType, `${path}.*`);
  if (def.type === 'union')
    return (def as z.core.$ZodUnionDef).options.flatMap((option) => mappingsIn(option, path));
  return [];
}

const TIME = '(ms|s|m|h)';

function typeOf(schema: Schema): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return words(json, unitOf(schema));
}

/** Of what a bare number is: what the schema itself says of a value that it does not take. */
function unitOf(schema: Schema): string | undefined {
  const refused = z.safeParse(schema, null).error?.issues[0]?.message ?? '';
  return /number of (\w+), or/.exec(refused)?.[1];
}

function words(json: z.core.JSONSchema._JSONSchema, unit: string | undefined): string {
  if (typeof json === 'boolean') return 'anything';
  if (json.anyOf !== undefined) {
    const pattern = json.anyOf.map((option) => (typeof option === 'object' ? (option.pattern ?? '') : ''));
    if (pattern.some((text) => text.includes(TIME))) return unit === undefined ? 'time' : `time (${unit})`;
    if (pattern.some((text) => text.includes('%$'))) return 'percentage';
    return [...new Set(json.anyOf.map((option) => words(option, unit)))].join(' or ');
  }
  if (json.const !== undefined) return `\`${json.const}\``;
  if (json.enum !== undefined) return [...new Set(json.enum.map((value) => `\`${value}\``))].join(', ');
  switch (json.type) {
    case 'integer':
      return `whole number${range(json)}`;
    case 'number':
      return `number${range(json)}`;
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return `list of ${json.items === undefined || Array.isArray(json.items) ? 'anything' : many(words(json.items, unit))}${count(json)}`;
    case 'object': {
      const values = json.additionalProperties;
      if (json.properties !== undefined || typeof values !== 'object') return 'mapping';
      return Object.keys(values).length === 0 ? 'mapping' : `mapping of ${many(words(values, unit))}`;
    }
    case 'string':
      return json.maxLength === undefined ? 'text' : `text (at most ${json.maxLength} characters)`;
    default:
      return 'mapping';
  }
}

const many = (type: string): string => type.replaceAll(/\b(text|mapping|number)\b/g, '$1s');

/** What a whole number of 32 or 53 bits can be is no limit that people meet. */
const MEANINGFUL = 2_147_483_647;

function range({ minimum, maximum, exclusiveMinimum }: z.core.JSONSchema.JSONSchema): string {
  if (exclusiveMinimum !== undefined) return ` (above ${exclusiveMinimum})`;
  const least = minimum === undefined || minimum < -MEANINGFUL ? undefined : minimum;
  if (maximum !== undefined && maximum < MEANINGFUL) return ` (${least ?? 'up'} to ${maximum})`;
  return least === undefined ? '' : ` (from ${least})`;
}

function count({ minItems, maxItems }: z.core.JSONSchema.JSONSchema): string {
  if (maxItems !== undefined) return ` (at most ${maxItems})`;
  return minItems === undefined ? '' : ' (not empty)';
}

function defaultOf(value: unknown, schema: Schema): string {
  if (typeof value === 'number' && typeOf(schema).startsWith('time')) return time(value);
  if (typeof value === 'string') {
    const milliseconds = /^(\d+)ms$/.exec(value)?.[1];
    return milliseconds === undefined ? value : time(Number(milliseconds));
  }
  if (Array.isArray(value) && value.length === 0) return 'none';
  return typeof value === 'object' && value !== null ? '' : String(value);
}

function time(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  return milliseconds % 1_000 === 0 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`;
}
