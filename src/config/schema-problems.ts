import { z } from 'zod';
import { suggestion } from '../suggestion.js';
import type { ConfigPath } from './problem.js';

export interface SchemaProblem {
  readonly path: ConfigPath;
  readonly at: 'key' | 'value';
  readonly message: string;
  /** A text was expected where something else stood. */
  readonly wantsText: boolean;
}

export type Checked<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly problems: readonly SchemaProblem[]; readonly value?: undefined };

/** Checks data against a schema. What is wrong is said in words for people, without the data's own values. */
export function check<T>(schema: z.ZodType<T>, data: unknown): Checked<T> {
  // An issue of zod's forgets the schema that raised it, and with that the keys that are known there.
  const known = new Map<string, readonly string[]>();
  const result = schema.safeParse(data, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
        known.set(JSON.stringify(issue.path ?? []), Object.keys(issue.inst.shape));
      }
      return messageOf(issue);
    },
  });
  if (result.success) return { value: result.data };
  return { problems: result.error.issues.flatMap((issue) => describe(issue, known)) };
}

function describe(
  issue: z.core.$ZodIssue,
  known: ReadonlyMap<string, readonly string[]>,
): readonly SchemaProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const names = known.get(JSON.stringify(path)) ?? [];
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      at: 'key',
      message: `unknown key${suggestion(key, names, index)}`,
      wantsText: false,
    }));
  }
  return [
    {
      path,
      at:
        issue.code === 'invalid_key' || (issue.code === 'custom' && issue.params?.at === 'key')
          ? 'key'
          : 'value',
      message: issue.message,
      wantsText: issue.code === 'invalid_type' && issue.expected === 'string',
    },
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** undefined leaves the message to zod. */
function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return `is missing: expected ${KINDS[issue.expected] ?? issue.expected}`;
      return `expected ${KINDS[issue.expected] ?? issue.expected}, found ${kindOf(issue.input)}`;
    case 'invalid_value':
      return `expected one of: ${issue.values.join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
    case 'invalid_key':
      return issue.issues[0]?.message;
    case 'invalid_union': {
      if (issue.discriminator === undefined) return undefined;
      const options = Array.isArray(issue.options) ? issue.options.map(String) : [];
      const given = z.object({ type: z.string() }).safeParse(issue.input);
      if (!given.success) return `expected one of: ${options.join(', ')}`;
      return `there is no type of registry "${given.data.type}"${suggestion(given.data.type, options)}`;
    }
    default:
      return undefined;
  }
}

function kindOf(input: unknown): string {
  if (input === null) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number' && !Number.isInteger(input)) return 'a fraction';
  return (
    { string: 'a text', number: 'a number', boolean: 'true or false' }[typeof input as string] ?? 'a mapping'
  );
}
