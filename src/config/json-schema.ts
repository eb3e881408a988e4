import { z } from 'zod';
import { type Alias, IGNORED_OPTIONS } from './aliases.js';
import { registryAliases, registryOptions, registryTypes } from './registries.js';
import { configSchema } from './schema.js';

type JsonSchema = z.core.JSONSchema.JSONSchema;
type AnyJsonSchema = z.core.JSONSchema._JSONSchema;

/** The JSON Schema of the configuration file as people write it: with aliases, default types and variables. */
export function configJsonSchema(): JsonSchema {
  const { properties = {}, ...root } = z.toJSONSchema(configSchema, { io: 'input' });
  const registries = registryOptions.options.map((options) => [
    options.shape.type.value,
    withVariables(registrySchema(options)),
  ]);
  return {
    title: 'Signalbox configuration',
    ...root,
    properties: { ...mapValues(properties, withVariables), discovery: discoverySchema(properties.discovery) },
    $defs: Object.fromEntries(registries),
  };
}

/** A registry that is called by its type's name needs no `type`; every other one does. */
function discoverySchema(discovery: AnyJsonSchema | undefined): JsonSchema {
  const reference = (type: string) => `#/$defs/${type}`;
  return {
    ...(typeof discovery === 'object' && discovery),
    properties: Object.fromEntries(registryTypes.map((type) => [type, { $ref: reference(type) }])),
    additionalProperties: {
      // Apart from the reference, because older readers of schemas pass over what stands beside one.
      allOf: [
        { type: 'object', properties: { type: {} }, required: ['type'] },
        { anyOf: registryTypes.map((type) => ({ $ref: reference(type) })) },
      ],
    },
  };
}

function registrySchema(options: (typeof registryOptions.options)[number]): JsonSchema {
  const { $schema: _, properties = {}, required = [], ...rest } = z.toJSONSchema(options, { io: 'input' });
  const aliases = Object.entries(registryAliases[options.shape.type.value] ?? {});
  return {
    ...rest,
    properties: {
      ...properties,
      ...Object.fromEntries(
        aliases.map(([name, alias]) => [name, aliasSchema(alias, properties[alias.option])]),
      ),
      ...mapValues(IGNORED_OPTIONS, (why) => ({ deprecated: true, description: `Ignored: ${why}.` })),
    },
    required: required.filter((name) => name !== 'type'),
  };
}

function aliasSchema(alias: Alias, today: AnyJsonSchema | undefined): JsonSchema {
  return {
    deprecated: true,
    description: `Older name of "${alias.option}".`,
    ...(alias.values !== undefined
      ? { type: 'string', enum: Object.keys(alias.values) }
      : typeof today === 'object' && today),
  };
}

/** Lets a text with a variable in it stand wherever more than any text is asked for. */
function withVariables(schema: AnyJsonSchema): AnyJsonSchema {
  if (typeof schema === 'boolean' || schema.const !== undefined) return schema;
  const { default: fallback, description, deprecated, ...own } = schema;
  const choice = own.anyOf ?? (isParticular(own) ? [own] : undefined);
  if (choice !== undefined) {
    return {
      ...(fallback !== undefined && { default: fallback }),
      ...(description !== undefined && { description }),
      ...(deprecated !== undefined && { deprecated }),
      anyOf: [...choice, { type: 'string', pattern: '\\$\\{' }],
    };
  }
  const { properties, additionalProperties, items } = schema;
  return {
    ...schema,
    ...(properties !== undefined && { properties: mapValues(properties, withVariables) }),
    ...(additionalProperties !== undefined && { additionalProperties: withVariables(additionalProperties) }),
    ...(items !== undefined && !Array.isArray(items) && { items: withVariables(items) }),
  };
}

function isParticular({ type, pattern, enum: values }: JsonSchema): boolean {
  if (type === 'string') return (pattern ?? values) !== undefined;
  return type === 'number' || type === 'integer' || type === 'boolean';
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
