import { z } from 'zod';
import { exactlyOne, textMatch } from './text-match.js';
import { duration } from './values.js';

const positive = duration('s').refine((milliseconds) => milliseconds > 0, 'expected a time above 0');

/** Envoy's conditions for `x-envoy-retry-on` and `x-envoy-retry-grpc-on`; it passes over any other in silence. */
const RETRY_ON = [
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited'],
  ...['retriable-4xx', 'refused-stream', 'retriable-status-codes', 'retriable-headers'],
  ...['http3-post-connect-failure', 'cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted'],
  'unavailable',
] as const;

/** Envoy's retry policy of a route. */
export const retries = z
  .strictObject({
    attempts: z.number().int().min(1).max(100),
    /** Envoy's `retry_on` conditions. */
    on: z.array(z.enum(RETRY_ON)).min(1).optional(),
    per_try_timeout: duration('s').optional(),
    per_try_idle_timeout: duration('s').optional(),
    /** Retried too, whatever else is said under `on`. */
    status_codes: z.array(z.number().int().min(100).max(599)).min(1).optional(),
    /** Of answers: those that any of these match are retried too. */
    headers: z.record(z.string().min(1).toLowerCase(), textMatch).optional(),
    /** Envoy waits a random time up to `base`, then up to twice that, at most `max`. */
    backoff: z
      .strictObject({ base: positive, max: positive.optional() })
      .refine(({ base, max = base }) => max >= base, { error: 'must be at least "base"', path: ['max'] })
      .refine(({ base }) => base >= 1, { error: 'must be at least 1ms', path: ['base'] })
      .optional(),
    /** Not to an instance that was tried already. */
    previous_hosts: z.boolean().optional(),
    /** How often another instance is looked for. */
    host_attempts: z.number().int().min(1).max(100).optional(),
    /** A try that takes longer than `per_try_timeout` goes on beside the next one; the first answer counts. */
    hedge_on_per_try_timeout: z.boolean().optional(),
  })
  .refine(
    ({ hedge_on_per_try_timeout: hedge, per_try_timeout = 0 }) => hedge !== true || per_try_timeout > 0,
    {
      error: '"hedge_on_per_try_timeout" needs a "per_try_timeout"',
      path: ['hedge_on_per_try_timeout'],
    },
  )
  .refine(({ host_attempts, previous_hosts }) => host_attempts === undefined || previous_hosts === true, {
    error: '"host_attempts" needs "previous_hosts"',
    path: ['host_attempts'],
  });

/** The codes from 400 that Envoy's API has a name for; it refuses others. */
const ERROR_CODES = [
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422],
  ...[423, 424, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
];

const rateLimitKeys = exactlyOne(['client_address', 'header']);

/** Envoy's local rate limit: a bucket of tokens in each Envoy. */
export const rateLimit = z
  .strictObject({
    requests: z.number().int().min(1).max(1_000_000_000),
    per: duration('s')
      .refine((milliseconds) => milliseconds >= 50, 'expected at least 50ms, as Envoy does')
      .prefault('1s'),
    /** As many at once; `requests` where nothing is said. */
    burst: z.number().int().min(1).max(1_000_000_000).optional(),
    status: z.literal(ERROR_CODES).optional(),
    /** `x-ratelimit-limit`, `-remaining` and `-reset` in answers. */
    headers: z.boolean().optional(),
    /** Each client, or each value of a header, is counted for itself; every combination where there are several. */
    by: z
      .array(
        z
          .strictObject({
            client_address: z.literal(true).optional(),
            /** Where a request has none of the headers, its client's address counts. */
            header: z
              .string()
              .regex(/^:?[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header')
              .toLowerCase()
              .optional(),
          })
          .refine(rateLimitKeys.check, rateLimitKeys.error),
      )
      .min(1)
      .refine(
        (keys) => keys.filter(({ header }) => header !== undefined).length <= 3,
        'expected at most 3 headers',
      )
      .optional(),
  })
  .refine(({ requests, burst = requests }) => burst >= requests, {
    error: 'must be at least "requests"',
    path: ['burst'],
  });

const originKinds = exactlyOne(['exact', 'prefix', 'suffix', 'contains', 'regex']);
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a name of a header, or "*"');

/** Which pages of other origins may ask, answered by Envoy itself. */
export const cors = z
  .strictObject({
    /** Such as `https://app.example.com`; `*` for all. */
    allow_origins: z
      .array(
        z.union([
          z
            .string()
            .min(1)
            .transform((exact) => ({ exact })),
          z
            .strictObject({
              exact: z.string().min(1).optional(),
              prefix: z.string().min(1).optional(),
              suffix: z.string().min(1).optional(),
              contains: z.string().min(1).optional(),
              regex: z.string().min(1).optional(),
            })
            .refine(originKinds.check, originKinds.error),
        ]),
      )
      .min(1),
    allow_methods: z
      .array(z.string().regex(/^([A-Za-z]+|\*)$/, 'expected an HTTP method'))
      .min(1)
      .optional(),
    allow_headers: z.array(headerName).min(1).optional(),
    expose_headers: z.array(headerName).min(1).optional(),
    /** How long a browser keeps the answer to a preflight; whole seconds. */
    max_age: duration('s').optional(),
    allow_credentials: z.boolean().optional(),
  })
  .refine(
    ({ allow_origins, allow_credentials }) =>
      allow_credentials !== true || allow_origins.every((origin) => origin.exact !== '*'),
    {
      error: '"allow_credentials" needs origins by name: with "*" any page could act for its visitors',
      path: ['allow_credentials'],
    },
  );

const oneMirror = z.strictObject({
  service_name: z.string().min(1),
  percent: z.number().min(0).max(100).default(100),
});

/** Where copies of requests go: one service, or several. */
export const mirror = z.union([oneMirror.transform((one) => [one]), z.array(oneMirror).min(1)]);
