import { z } from 'zod';
import { envoyListenAddress } from './address.js';

const absolutePath = z.string().startsWith('/', 'expected a path that starts with "/"');

/** An Envoy listener that Signalbox publishes. */
export const listener = z.strictObject({
  name: z.string().min(1),
  address: envoyListenAddress,
});
export type Listener = z.output<typeof listener>;

/** Which requests a route takes. */
export const routeMatch = z
  .strictObject({
    prefix: absolutePath.optional(),
    path: absolutePath.optional(),
  })
  .refine(({ prefix, path }) => (prefix === undefined) !== (path === undefined), {
    error: 'expected either "prefix" or "path"',
  });
export type RouteMatch = z.output<typeof routeMatch>;

export const route = z.strictObject({
  /** Envoy's domains: a name, `*.example.com`, `example.*`, or `*`. None means every host. */
  hosts: z
    .array(
      z
        .string()
        .regex(
          /^(\*|\*?[^*\s/]+|[^*\s/]+\*)$/,
          'expected a host such as "api.example.com" or "*.example.com"',
        )
        .toLowerCase(),
    )
    .min(1)
    .optional(),
  match: routeMatch,
  service_name: z.string().min(1),
  /** Replaces what the match took: with `prefix: /`, `/a/test` becomes `/test` under a match of `/a/`. */
  rewrite: z.strictObject({ prefix: absolutePath }).optional(),
});
export type Route = z.output<typeof route>;
