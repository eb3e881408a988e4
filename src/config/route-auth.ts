import { z } from 'zod';

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header')
  .toLowerCase();
const parameter = z.string().regex(/^[\w.~-]+$/, 'expected the name of a parameter');
const hide = z.boolean().optional();

/** What a request must bring to be one of a consumer's; others get 401. */
export const auth = z
  .strictObject({
    api_key: z
      .strictObject({ header: headerName.optional(), query: parameter.optional(), hide })
      .refine(({ header, query }) => header !== undefined || query !== undefined, {
        error: 'expected "header" or "query"',
      })
      .optional(),
    basic: z.strictObject({ hide }).optional(),
    /** A signed token (JWT). */
    token: z
      .strictObject({
        header: headerName.optional(),
        query: parameter.optional(),
        cookie: parameter.optional(),
        claim: z.string().min(1).optional(),
        /** The service does not see it; a cookie it does. */
        hide,
      })
      .refine(
        ({ header, query, cookie }) => header !== undefined || query !== undefined || cookie !== undefined,
        { error: 'expected "header", "query" or "cookie"' },
      )
      .optional(),
  })
  .refine(
    ({ api_key, basic, token }) => api_key !== undefined || basic !== undefined || token !== undefined,
    {
      error: 'expected one of "api_key", "basic", "token"',
    },
  );
