import { z } from 'zod';
import type { ServicePolicy } from '../../config/service-policy.js';
import type { Reasons } from './reasons.js';

const AT = 'upstream: checks';
/** APISIX's own, where a document says nothing; seconds. */
const INTERVAL = 1;
const TIMEOUT = 1;
const HEALTHY = [200, 302];
const PASSIVE_STATUSES = [429, 500, 503];

const statuses = z.array(z.number().int().min(200).max(599)).min(1);
const count = z.number().int().min(0).max(254);
const interval = z.number().positive();

const active = z.strictObject({
  type: z.enum(['http', 'https', 'tcp']).default('http'),
  http_path: z.string().startsWith('/').default('/'),
  host: z.string().min(1).optional(),
  port: z.number().int().optional(),
  timeout: z.number().positive().default(TIMEOUT),
  concurrency: z.number().optional(),
  https_verify_certificate: z.boolean().optional(),
  req_headers: z.array(z.string()).optional(),
  http_method: z.string().optional(),
  http_req_body: z.string().optional(),
  healthy: z
    .strictObject({
      interval: interval.default(INTERVAL),
      http_statuses: statuses.default(HEALTHY),
      successes: count.default(2),
    })
    .prefault({}),
  unhealthy: z
    .strictObject({
      interval: interval.default(INTERVAL),
      http_statuses: statuses.optional(),
      http_failures: count.default(5),
      tcp_failures: count.default(2),
      timeouts: count.default(3),
    })
    .prefault({}),
});

const passive = z.strictObject({
  type: z.enum(['http', 'https', 'tcp']).default('http'),
  healthy: z.strictObject({ http_statuses: statuses.optional(), successes: count.optional() }).optional(),
  unhealthy: z
    .strictObject({
      http_statuses: statuses.default(PASSIVE_STATUSES),
      http_failures: count.default(5),
      tcp_failures: count.default(2),
      timeouts: count.default(7),
    })
    .prefault({}),
});

const checks = z.strictObject({ active, passive: passive.optional() });

/** `checks`: active ones as Envoy's health check, passive ones as its outlier detection. */
export function readChecks(given: unknown, scheme: string, reasons: Reasons): ServicePolicy {
  if (given === undefined) return {};
  const read = checks.safeParse(given);
  if (!read.success) {
    const [issue] = read.error.issues;
    const key =
      issue?.code === 'unrecognized_keys'
        ? `"${issue.keys.join('", "')}" is not carried over`
        : issue?.message;
    reasons.add(`${[AT, ...(issue?.path ?? [])].join('.')}: ${key ?? 'is not understood'}`);
    return {};
  }
  return { ...readActive(read.data.active, scheme, reasons), ...readPassive(read.data.passive, reasons) };
}

function readActive(given: z.output<typeof active>, scheme: string, reasons: Reasons): ServicePolicy {
  const { type, http_path, host, healthy, unhealthy, http_method: method = 'GET' } = given;
  if (given.port !== undefined)
    reasons.add(`${AT}.active.port is not carried over: Envoy checks the port of the instance here`);
  if (given.req_headers !== undefined) reasons.add(`${AT}.active.req_headers is not carried over`);
  if (method !== 'GET' || given.http_req_body !== undefined)
    reasons.add(`${AT}.active.http_method is not carried over`);
  if (given.https_verify_certificate === true && type === 'https')
    reasons.add(
      `${AT}.active.https_verify_certificate: certificates are checked with "tls.ca" of the service only`,
    );
  const tls = ['https', 'grpcs'].includes(scheme);
  if (type !== 'tcp' && (type === 'https') !== tls)
    reasons.add(
      `${AT}.active.type "${type}": Envoy checks as it speaks to the instances, and "scheme" is "${scheme}"`,
    );
  if (healthy.interval !== unhealthy.interval)
    reasons.differs(`${AT}: every instance is checked at the shorter of both intervals`);
  const failures = type === 'tcp' ? unhealthy.tcp_failures : unhealthy.http_failures;
  if (unhealthy.http_statuses !== undefined || type !== 'tcp')
    reasons.differs(
      `${AT}: every status that is not among healthy.http_statuses counts as a failure, and failures and time-outs count together`,
    );
  return {
    health_check: {
      ...(type === 'tcp'
        ? { tcp: true }
        : {
            path: http_path,
            ...(host !== undefined && { host }),
            expected_statuses: healthy.http_statuses.map((start) => ({ start, end: start + 1 })),
          }),
      interval: Math.min(healthy.interval, unhealthy.interval) * 1_000,
      timeout: given.timeout * 1_000,
      healthy_threshold: Math.max(1, healthy.successes),
      unhealthy_threshold: Math.max(1, failures),
    },
  };
}

function readPassive(given: z.output<typeof passive> | undefined, reasons: Reasons): ServicePolicy {
  const failures = given?.unhealthy.http_failures ?? 0;
  if (given === undefined || failures === 0) return {};
  reasons.differs(
    `${AT}.passive: an instance is left out after that many answers of 5xx in a row, whatever http_statuses says, and comes back after 30 s`,
  );
  return {
    outlier_detection: {
      consecutive_5xx: failures,
      interval: 1_000,
      base_ejection_time: 30_000,
      max_ejection_percent: 100,
    },
  };
}
