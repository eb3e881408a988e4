import { z } from 'zod';

/** That of these keys exactly one is said. */
export const exactlyOne = (keys: readonly string[]) => ({
  check: (value: object) => keys.filter((key) => Reflect.get(value, key) !== undefined).length === 1,
  error: { error: `expected one of ${keys.map((key) => `"${key}"`).join(', ')}` },
});

const kinds = exactlyOne(['exact', 'prefix', 'suffix', 'contains', 'regex', 'present']);

/** How a header or a query parameter is matched; a bare text stands for `exact`. */
export const textMatch = z.union([
  z.string().transform((exact) => ({ exact })),
  z
    .strictObject({
      exact: z.string().optional(),
      prefix: z.string().min(1).optional(),
      suffix: z.string().min(1).optional(),
      contains: z.string().min(1).optional(),
      regex: z.string().min(1).optional(),
      present: z.boolean().optional(),
      ignore_case: z.boolean().optional(),
      invert: z.boolean().optional(),
    })
    .refine(kinds.check, kinds.error)
    .refine(
      ({ ignore_case, regex, present }) =>
        ignore_case !== true || (regex === undefined && present === undefined),
      {
        error: '"ignore_case" goes with texts; in a "regex" it is "(?i)"',
        path: ['ignore_case'],
      },
    ),
]);
