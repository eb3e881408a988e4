import { z } from 'zod';
import type { ListenerRule } from '../model/listener.js';
import { accessLogRefusal } from '../resources/listener/access-log-format.js';
import { envoyListenAddress } from './address.js';
import { envoyJson, OF_LISTENER, OF_MANAGER } from './envoy-json.js';
import type { ConfigPath } from './problem.js';
import { route, weightedServices } from './routing.js';
import { duration } from './values.js';

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3';
/** What a 32-bit field of Envoy's holds. */
const LARGEST = 4_294_967_295;

const serverName = z
  .string()
  .regex(
    /^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
    'expected a name such as "api.example.com" or "*.example.com"',
  )
  .toLowerCase();
const path = z.string().min(1);

const tls = z
  .strictObject({
    /** PEM files that Signalbox reads and watches; Envoy gets what is in them by SDS. */
    certificates: z
      .array(z.strictObject({ cert: path, key: path, hosts: z.array(serverName).min(1).optional() }))
      .default([]),
    /** Those of `ssls` of APISIX's documents too. */
    documents: z.boolean().optional(),
    client_ca: path.optional(),
    require_client_certificate: z.boolean().optional(),
    min_version: z
      .literal(['1.2', '1.3', 1.2, 1.3])
      .transform((version) => (String(version) === '1.3' ? ('1.3' as const) : ('1.2' as const)))
      .optional(),
    alpn: z
      .array(z.string().min(1).max(255))
      .refine((names) => names.join('').length <= 30_000, { error: 'expected fewer protocols' })
      .optional(),
  })
  .refine(({ certificates, documents }) => certificates.length > 0 || documents === true, {
    error: 'expected at least one of them, or "documents: true"',
    path: ['certificates'],
  })
  .refine(
    ({ client_ca, require_client_certificate }) =>
      require_client_certificate !== true || client_ca !== undefined,
    {
      error: '"require_client_certificate" needs "client_ca": without one no certificate is checked',
      path: ['require_client_certificate'],
    },
  );

const accessLog = z
  .strictObject({
    /** On Envoy's machine. */
    path: z.string().min(1),
    format: z.string().min(1).optional(),
    json: z.record(z.string(), z.unknown()).optional(),
  })
  .superRefine(({ format, json }, context) => {
    if (format !== undefined && json !== undefined)
      context.addIssue({ code: 'custom', message: 'expected "format" or "json", not both' });
    for (const [at, text] of [...textsIn(format, ['format']), ...textsIn(json, ['json'])]) {
      const message = accessLogRefusal(text);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [...at], message });
    }
  });

const target = { service_name: z.string().min(1).optional(), weighted: weightedServices.optional() };

/** Below Envoy's bound on times, which are protobuf's durations. */
const time = duration('s').refine(
  (milliseconds) => milliseconds <= 9_000_000_000_000,
  'expected a shorter time',
);
const uint32 = z.number().int().min(0).max(LARGEST);
const windowSize = z.number().int().min(65_535).max(2_147_483_647).optional();

/** Options that say nothing to a listener of the other kind. */
const OF_HTTP = {
  http_protocol: z.enum(['auto', 'http1', 'http2']).optional(),
  http2: z
    .strictObject({
      max_concurrent_streams: z.number().int().min(1).max(2_147_483_647).optional(),
      initial_stream_window_size: windowSize,
      initial_connection_window_size: windowSize,
    })
    .optional(),
  use_remote_address: z.boolean().optional(),
  xff_num_trusted_hops: uint32.optional(),
  server_name: z
    .string()
    .regex(/^[\x20-\x7e]+$/, 'expected printable ASCII')
    .optional(),
  server_header_transformation: z.enum(['OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH']).optional(),
  stream_idle_timeout: time.optional(),
  request_timeout: time.optional(),
  request_headers_timeout: time.optional(),
  max_request_headers_kb: z.number().int().min(1).max(8_192).optional(),
  normalize_path: z.boolean().optional(),
  merge_slashes: z.boolean().optional(),
  escaped_slashes: z.enum(['keep', 'reject', 'redirect', 'forward']).optional(),
  /** Routes of this listener alone. */
  routes: z.array(route).optional(),
  /** Envoy's own JSON over the HTTP connection manager. */
  http_connection_manager: envoyJson(`${MANAGER}.HttpConnectionManager`, OF_MANAGER).optional(),
  /** Envoy's own JSON: filters before the router. */
  http_filters: z.array(envoyJson(`${MANAGER}.HttpFilter`)).optional(),
} as const;

/** An Envoy listener that Signalbox publishes. */
export const listener = z
  .strictObject({
    name: z.string().min(1),
    address: envoyListenAddress,
    protocol: z.enum(['http', 'tcp']).optional(),
    stat_prefix: z.string().min(1).optional(),
    tls: tls.optional(),
    tls_passthrough: z
      .array(
        z
          .strictObject({ sni: z.array(serverName).min(1), ...target })
          .refine(oneTarget, { error: 'expected one of "service_name", "weighted"' }),
      )
      .min(1)
      .optional(),
    proxy_protocol: z.union([z.boolean(), z.literal('optional')]).optional(),
    access_log: accessLog.optional(),
    per_connection_buffer_limit_bytes: uint32.optional(),
    idle_timeout: time.optional(),
    ...target,
    ...OF_HTTP,
    /** Envoy's own JSON over the listener. */
    envoy: envoyJson('envoy.config.listener.v3.Listener', OF_LISTENER).optional(),
  })
  .superRefine((value, context) => {
    const wrong = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (value.protocol === 'tcp') {
      for (const key of Object.keys(OF_HTTP))
        if (Reflect.get(value, key) !== undefined) wrong([key], 'says nothing to a TCP listener');
      const needed = value.tls_passthrough === undefined || value.tls !== undefined;
      if (needed ? !oneTarget(value) : value.service_name !== undefined && value.weighted !== undefined)
        wrong([], 'a TCP listener needs one of "service_name", "weighted"');
    } else {
      for (const key of Object.keys(target))
        if (Reflect.get(value, key) !== undefined)
          wrong([key], 'belongs to a listener of "protocol: tcp"; an HTTP listener has routes');
    }
    for (const [index, own] of (value.routes ?? []).entries())
      if (own.listeners !== undefined)
        wrong(['routes', index, 'listeners'], 'a route that stands in a listener is for that listener');
    for (const name of repeated(value))
      wrong(['name'], `"${name}" is named by two of this listener's certificates or passages`);
  })
  .transform(
    // A route of its own is one that names it.
    (value) => ({
      ...value,
      ...(value.routes !== undefined && {
        routes: value.routes.map((own) => ({ ...own, listeners: [value.name] })),
      }),
    }),
  ) satisfies z.ZodType<ListenerRule>;
export type Listener = z.output<typeof listener>;

/** Every text in a value, and where. */
function textsIn(value: unknown, at: ConfigPath): readonly (readonly [ConfigPath, string])[] {
  if (typeof value === 'string') return [[at, value]];
  if (Array.isArray(value)) return value.flatMap((inner, index) => textsIn(inner, [...at, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...at, key]));
}

function oneTarget(value: { readonly service_name?: unknown; readonly weighted?: unknown }): boolean {
  return (value.service_name === undefined) !== (value.weighted === undefined);
}

/** Names (SNI) that two filter chains would have; certificates of the very same names share one. */
function repeated({ tls: ended, tls_passthrough: passed = [] }: ListenerRule): readonly string[] {
  const groups = new Set(
    (ended?.certificates ?? []).map(({ hosts = [] }) => [...new Set(hosts)].sort().join(',')),
  );
  const names = [
    ...[...groups].filter((group) => group !== '').flatMap((group) => group.split(',')),
    ...passed.flatMap(({ sni }) => [...new Set(sni)]),
  ];
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
