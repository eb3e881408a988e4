import { z } from 'zod';
import { span } from './times.js';

const MOST = 4_294_967_295;

const tlsToInstances = z
  .strictObject({
    /** `secure`: only to the instances that ask for it. */
    when: z.enum(['always', 'secure']).optional(),
    sni: z
      .string()
      .min(1)
      .refine((name) => Buffer.byteLength(name) <= 255, 'expected at most 255 bytes')
      .optional(),
    ca: z.string().min(1).optional(),
    /** DNS names, IP addresses or URIs, of which the certificate must have one. */
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

/** TLS towards the instances, or none whatever they say; `ca` makes Envoy check their certificates. Paths are Envoy's. */
export const upstreamTls = z.union([z.literal(false), tlsToInstances], {
  error: 'expected a mapping, or false for no TLS',
});

/** 0 lets nothing through, where Envoy has it mean that. */
const limit = (least: number) => z.number().int().min(least).max(MOST).optional();

/** What Envoy keeps open at once towards a service; its own defaults are 1024, and 3 retries. */
export const circuitBreakers = z
  .strictObject({
    max_connections: limit(1),
    max_pending_requests: limit(1),
    max_requests: limit(1),
    max_retries: limit(0),
    max_connection_pools: limit(1),
    /** In place of `max_retries`: retries as a part of the requests under way. */
    retry_budget: z
      .strictObject({
        /** 20 by Envoy's default. */
        percent: z.number().min(0).max(100).optional(),
        /** 3 by Envoy's default: so many retries at once are always allowed. */
        min_concurrency: limit(0),
      })
      .optional(),
    /** To each instance. */
    per_host: z.strictObject({ max_connections: limit(1) }).optional(),
    /** Whether what is left shows in Envoy's statistics. */
    track_remaining: z.boolean().optional(),
  })
  .refine(({ max_retries, retry_budget }) => max_retries === undefined || retry_budget === undefined, {
    error: 'expected "max_retries" or "retry_budget", which takes its place, not both',
    path: ['retry_budget'],
  });

/** Of idle connections to the instances; the bounds are those of Linux. */
export const tcpKeepalive = z.strictObject({
  keepalive_probes: z.number().int().min(1).max(127).optional(),
  /** Without traffic until the first probe, whole seconds. */
  keepalive_time: z.number().int().min(1).max(32_767).optional(),
  keepalive_interval: z.number().int().min(1).max(32_767).optional(),
});

/** How Envoy resolves instances that are host names. */
export const dnsOptions = {
  dns_refresh_rate: span(2).optional(),
  /** Follow the time to live of the answers in place of `dns_refresh_rate`. */
  respect_dns_ttl: z.boolean().optional(),
  dns_lookup_family: z.enum(['AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL']).optional(),
};
