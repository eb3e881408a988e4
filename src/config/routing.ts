import { z } from 'zod';
import type { RouteRule, VirtualHostRule } from '../model/route.js';
import { envoyJson, OF_ROUTE, OF_VIRTUAL_HOST } from './envoy-json.js';
import { hashPolicy, subset } from './policy/route-targets.js';
import { clientAddresses, fault, responseRewrite } from './route-answers.js';
import { auth } from './route-auth.js';
import { cors, mirror, rateLimit, retries } from './route-traffic.js';
import { exactlyOne, textMatch } from './text-match.js';
import { duration, port } from './values.js';

const startsWithSlash = z.string().startsWith('/', 'expected a path that starts with "/"');
/** Envoy refuses a whole route configuration for one prefix with a query, a fragment or a line break. */
const absolutePath = startsWithSlash.regex(/^[^?#\s]*$/, 'expected a path without "?", "#" and blanks');

const paths = exactlyOne(['prefix', 'path', 'regex', 'template']);

/** Which requests a route takes. */
export const routeMatch = z
  .strictObject({
    prefix: absolutePath.optional(),
    path: absolutePath.optional(),
    regex: z.string().min(1).optional(),
    template: absolutePath.optional(),
    methods: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z]+$/, 'expected an HTTP method')
          .toUpperCase(),
      )
      .min(1)
      .optional(),
    headers: z.record(z.string().min(1).toLowerCase(), textMatch).optional(),
    query: z.record(z.string().min(1), textMatch).optional(),
    /** gRPC requests only. */
    grpc: z.boolean().optional(),
  })
  .refine(paths.check, paths.error);

const headerEdit = z.strictObject({
  /** Set where the header is not there. */
  if_absent: z.record(z.string().min(1), z.string()).optional(),
  set: z.record(z.string().min(1), z.string()).optional(),
  add: z.record(z.string().min(1), z.string()).optional(),
  remove: z.array(z.string().min(1)).optional(),
});

const pathRegex = () => z.strictObject({ pattern: z.string().min(1), substitution: z.string() });

const rewrite = z
  .strictObject({
    /** Replaces what a prefix or a path matched: with `prefix: /`, `/a/test` becomes `/test` under a match of `/a/`. */
    prefix: absolutePath.optional(),
    regex: pathRegex().optional(),
    host: z.string().min(1).optional(),
    method: z
      .string()
      .regex(/^[A-Za-z]+$/, 'expected an HTTP method')
      .toUpperCase()
      .optional(),
  })
  .refine((value) => value.prefix === undefined || value.regex === undefined, {
    error: 'expected "prefix" or "regex", not both',
  });

const redirect = z
  .strictObject({
    status: z.literal([301, 302, 303, 307, 308]).optional(),
    /** The same place with `https`. */
    https: z.boolean().optional(),
    scheme: z.enum(['http', 'https']).optional(),
    host: z.string().min(1).optional(),
    port: port.optional(),
    /** May end in a query. */
    path: startsWithSlash.optional(),
    prefix: absolutePath.optional(),
    regex: pathRegex().optional(),
    strip_query: z.boolean().optional(),
  })
  .refine(({ path, prefix, regex }) => [path, prefix, regex].filter((one) => one !== undefined).length <= 1, {
    error: 'expected one of "path", "prefix", "regex"',
  })
  .refine((value) => value.https === undefined || value.scheme === undefined, {
    error: 'expected "https" or "scheme", not both',
  });

const host = z
  .string()
  .regex(/^(\*|\*?[^*\s/]+|[^*\s/]+\*)$/, 'expected a host such as "api.example.com" or "*.example.com"')
  .toLowerCase();

const share = z.strictObject({
  service_name: z.string().min(1),
  weight: z.number().int().min(0).max(1_000_000),
});
const someShare = {
  check: (parts: readonly { readonly weight: number }[]) => parts.some((part) => part.weight > 0),
  error: { error: 'expected a weight above 0' },
};

/** Shares of services. */
export const weightedServices = z.array(share).min(1).refine(someShare.check, someShare.error);

/** Settings of virtual hosts, for every request to hosts that these cover. */
export const virtualHost = z.strictObject({
  hosts: z.array(host).min(1),
  /** Envoy's own JSON over the virtual hosts. */
  envoy: envoyJson('envoy.config.route.v3.VirtualHost', OF_VIRTUAL_HOST),
}) satisfies z.ZodType<VirtualHostRule>;

const targets = exactlyOne(['service_name', 'weighted', 'redirect', 'direct_response']);

const hasPrefix = ({ prefix, path }: z.output<typeof routeMatch>) =>
  prefix !== undefined || path !== undefined;

export const route = z
  .strictObject({
    name: z.string().min(1).optional(),
    /** Envoy's domains: a name, `*.example.com`, `example.*`, or `*`. None means every host. */
    hosts: z.array(host).min(1).optional(),
    /** The listeners that have the route; none means every HTTP listener. */
    listeners: z.array(z.string().min(1)).min(1).optional(),
    /** The higher one wins, whatever matches closer. */
    priority: z.number().int().optional(),
    match: routeMatch,
    service_name: z.string().min(1).optional(),
    weighted: z
      .array(share.extend({ subset: subset.optional(), host: z.string().min(1).optional() }))
      .min(1)
      .refine(someShare.check, someShare.error)
      .optional(),
    /** Only the instances with this metadata. */
    subset: subset.optional(),
    hash_policy: z.array(hashPolicy).min(1).optional(),
    redirect: redirect.optional(),
    direct_response: z
      .strictObject({ status: z.number().int().min(200).max(599), body: z.string().max(4096).optional() })
      .optional(),
    rewrite: rewrite.optional(),
    headers: z.strictObject({ request: headerEdit.optional(), response: headerEdit.optional() }).optional(),
    mirror: mirror.optional(),
    /** 0 turns Envoy's own limit of 15 s off. */
    timeout: duration('s').optional(),
    idle_timeout: duration('s').optional(),
    /** Of a whole stream, in the place of `timeout`; 0 for none. */
    max_stream_duration: duration('s').optional(),
    /** The longest `grpc-timeout` that a client may ask for; 0 takes any. */
    grpc_timeout: duration('s').optional(),
    retries: retries.optional(),
    rate_limit: rateLimit.optional(),
    cors: cors.optional(),
    fault: fault.optional(),
    client_addresses: clientAddresses.optional(),
    auth: auth.optional(),
    /** Calls of gRPC-Web go on as gRPC. */
    grpc_web: z.boolean().optional(),
    response: responseRewrite.optional(),
    websocket: z.boolean().optional(),
    /** Envoy's own JSON over the route. */
    envoy: envoyJson('envoy.config.route.v3.Route', OF_ROUTE).optional(),
  })
  .refine(targets.check, targets.error)
  .refine(({ rewrite, match }) => rewrite?.prefix === undefined || hasPrefix(match), {
    error: '"rewrite.prefix" replaces what "prefix" or "path" matched; use "rewrite.regex"',
    path: ['rewrite', 'prefix'],
  })
  .refine(({ redirect, match }) => redirect?.prefix === undefined || hasPrefix(match), {
    error: '"redirect.prefix" replaces what "prefix" or "path" matched; use "redirect.path"',
    path: ['redirect', 'prefix'],
  })
  .superRefine((value, context) => {
    if (value.service_name !== undefined || value.weighted !== undefined) return;
    for (const key of ['subset', 'hash_policy'] as const) {
      const message = `"${key}" picks among the instances of a service, and this route goes to none`;
      if (value[key] !== undefined) context.addIssue({ code: 'custom', message, path: [key] });
    }
  })
  .refine(
    ({ timeout, max_stream_duration, grpc_timeout }) =>
      timeout === undefined || (max_stream_duration === undefined && grpc_timeout === undefined),
    {
      error: 'has no effect beside "max_stream_duration" or "grpc_timeout": say one or the other',
      path: ['timeout'],
    },
  )
  .refine(({ cors, match }) => cors === undefined || (match.methods ?? ['OPTIONS']).includes('OPTIONS'), {
    error: '"cors" needs OPTIONS among "methods": browsers ask by it first',
    path: ['match', 'methods'],
  }) satisfies z.ZodType<RouteRule>;
export type Route = z.output<typeof route>;
