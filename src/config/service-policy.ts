import { z } from 'zod';
import { envoyJson, OF_CLUSTER } from './envoy-json.js';
import { duration } from './values.js';

/** A time above 0, with a default. */
const positive = (fallback: string) =>
  duration('s')
    .refine((milliseconds) => milliseconds > 0, 'expected a time above 0')
    .prefault(fallback);

/** A part of a service that is made of others. */
const derivedPart = z.strictObject({
  registry: z.string().min(1).optional(),
  service: z.string().min(1),
  where: z
    .strictObject({ metadata: z.record(z.string(), z.string()).optional(), cluster: z.string().optional() })
    .optional(),
  weight: z.number().nonnegative().optional(),
  priority: z.number().int().min(0).max(127).optional(),
});

/** An active health check; `path` makes it HTTP. */
const healthCheck = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, 'expected a path that starts with "/"')
      .optional(),
    host: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'expected a host name')
      .optional(),
    tcp: z.boolean().optional(),
    grpc: z.boolean().optional(),
    interval: positive('5s'),
    timeout: positive('2s'),
    unhealthy_threshold: z.number().int().min(1).default(3),
    healthy_threshold: z.number().int().min(1).default(2),
  })
  .refine(
    ({ path, tcp, grpc }) => [path !== undefined, tcp === true, grpc === true].filter(Boolean).length === 1,
    {
      error: 'expected one of "path", "tcp", "grpc"',
    },
  );

/** Envoy's own terms; times need a unit or count in seconds. */
const outlierDetection = z.strictObject({
  consecutive_5xx: z.number().int().min(1).optional(),
  consecutive_gateway_failure: z.number().int().min(1).optional(),
  interval: positive('10s'),
  base_ejection_time: positive('30s'),
  max_ejection_percent: z.number().int().min(0).max(100).default(100),
});

/** TLS towards the instances; `ca` makes Envoy check their certificates. Paths are Envoy's. */
const upstreamTls = z
  .strictObject({
    sni: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
    san: z.array(z.string().min(1)).min(1).optional(),
    cert: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
  })
  .refine(({ ca, san }) => san === undefined || ca !== undefined, {
    error: '"san" needs "ca": without one no certificate is checked',
    path: ['san'],
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: '"cert" and "key" need each other',
    path: ['cert'],
  });

const threshold = z.number().int().min(1).optional();

/** How Envoy treats a service, in Envoy's terms; what is not said is left to `"*"`, then to the defaults. */
export const servicePolicy = z.strictObject({
  connect_timeout: duration('s')
    .refine((milliseconds) => milliseconds > 0, 'expected a time above 0')
    .optional(),
  lb_policy: z.enum(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH', 'MAGLEV']).optional(),
  /** How long a new instance takes to get its full share. */
  slow_start: duration('s').optional(),
  health_check: healthCheck.optional(),
  outlier_detection: outlierDetection.optional(),
  circuit_breakers: z
    .strictObject({
      max_connections: threshold,
      max_pending_requests: threshold,
      max_requests: threshold,
      max_retries: threshold,
    })
    .optional(),
  tls: upstreamTls.optional(),
  /** What the instances speak. */
  protocol: z.enum(['http1', 'http2']).optional(),
  /** Makes the service out of parts of others, in place of the instances of its own name. */
  sources: z.array(derivedPart).min(1).optional(),
  /** Envoy's own JSON over the cluster. */
  envoy: envoyJson('envoy.config.cluster.v3.Cluster', OF_CLUSTER).optional(),
});
export type ServicePolicy = z.output<typeof servicePolicy>;
