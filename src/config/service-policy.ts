import { z } from 'zod';
import { envoyJson, OF_CLUSTER } from './envoy-json.js';
import { circuitBreakers, dnsOptions, tcpKeepalive, upstreamTls } from './policy/connection.js';
import { healthCheck, outlierDetection } from './policy/health.js';
import {
  commonLbConfig,
  lbPolicy,
  leastRequestLbConfig,
  maglevLbConfig,
  ringHashLbConfig,
  slowStart,
} from './policy/load-balancing.js';
import { span } from './policy/times.js';

/** A part of a service that is made of others. */
const derivedPart = z.strictObject({
  registry: z.string().min(1).optional(),
  service: z.string().min(1),
  where: z
    .strictObject({
      metadata: z.record(z.string(), z.string()).optional(),
      cluster: z.string().optional(),
      namespace: z.string().min(1).optional(),
      group: z.string().min(1).optional(),
    })
    .optional(),
  weight: z.number().nonnegative().optional(),
  priority: z.number().int().min(0).max(127).optional(),
});

/** The options that only one `lb_policy` has. */
const OPTIONS_OF = {
  least_request_lb_config: 'LEAST_REQUEST',
  ring_hash_lb_config: 'RING_HASH',
  maglev_lb_config: 'MAGLEV',
} as const;

/** How Envoy treats a service, in Envoy's terms; what is not said is left to `"*"`, then to the defaults. */
export const servicePolicy = z
  .strictObject({
    connect_timeout: span().optional(),
    lb_policy: lbPolicy.optional(),
    least_request_lb_config: leastRequestLbConfig.optional(),
    ring_hash_lb_config: ringHashLbConfig.optional(),
    maglev_lb_config: maglevLbConfig.optional(),
    common_lb_config: commonLbConfig.optional(),
    /** What a request for a subset that has no instances gets: none, or any of the service. */
    subset_fallback: z.enum(['NO_FALLBACK', 'ANY_ENDPOINT']).optional(),
    /** How long a new instance takes to get its full share. */
    slow_start: slowStart.optional(),
    health_check: healthCheck.optional(),
    outlier_detection: outlierDetection.optional(),
    circuit_breakers: circuitBreakers.optional(),
    tls: upstreamTls.optional(),
    tcp_keepalive: tcpKeepalive.optional(),
    ...dnsOptions,
    /** What the instances speak; gRPC is HTTP/2. */
    protocol: z.enum(['http1', 'http2', 'grpc']).optional(),
    /** How long an instance that is gone stays as DRAINING, without new requests, before it is removed. */
    drain_time: span(0).optional(),
    /** Makes the service out of parts of others, in place of the instances of its own name. */
    sources: z.array(derivedPart).min(1).optional(),
    /** Envoy's own JSON over the cluster. */
    envoy: envoyJson('envoy.config.cluster.v3.Cluster', OF_CLUSTER).optional(),
  })
  .superRefine((policy, context) => {
    for (const [option, owner] of Object.entries(OPTIONS_OF)) {
      if (policy.lb_policy === undefined || policy.lb_policy === owner) continue;
      if (policy[option as keyof typeof OPTIONS_OF] === undefined) continue;
      const message = `"${option}" belongs to "lb_policy: ${owner}", and here it is ${policy.lb_policy}`;
      context.addIssue({ code: 'custom', message, path: [option] });
    }
  });
export type ServicePolicy = z.output<typeof servicePolicy>;
