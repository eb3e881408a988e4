import { z } from 'zod';
import { span } from './times.js';

const token = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a name without blanks');

/** What a route has requests told apart by, for RING_HASH and MAGLEV. */
export const hashPolicy = z
  .strictObject({
    header: token.toLowerCase().optional(),
    cookie: z
      .strictObject({
        name: token,
        /** Makes Envoy hand the cookie out where it is missing; 0 is one that ends with the browser. */
        ttl: span(0).optional(),
        path: z
          .string()
          .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'expected a path that starts with "/"')
          .optional(),
      })
      .optional(),
    source_ip: z.literal(true).optional(),
    query: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'expected the name of a query parameter')
      .optional(),
    /** If this one finds something, those after it do not count. */
    terminal: z.boolean().optional(),
  })
  .refine(
    ({ terminal: _, ...kinds }) => Object.values(kinds).filter((kind) => kind !== undefined).length === 1,
    { error: 'expected one of "header", "cookie", "source_ip", "query"' },
  );

/** The metadata that instances must have to get a route's requests. */
export const subset = z
  .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .refine((keys) => Object.keys(keys).length > 0, 'expected a key of the metadata, such as { version: v2 }');
