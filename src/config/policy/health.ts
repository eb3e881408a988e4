import { z } from 'zod';
import { span } from './times.js';

const MOST = 4_294_967_295;
const count = z.number().int().min(1).max(MOST);
const percent = z.number().int().min(0).max(100);
const status = z.number().int().min(100).max(599);
/** What Envoy takes for a header's value. */
const visible = /^[\x21-\x7e]+$/;

/** An active health check; `path` makes it HTTP. */
export const healthCheck = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, 'expected a path that starts with "/"')
      .optional(),
    host: z.string().regex(visible, 'expected a host name').optional(),
    /** The statuses that count as healthy: numbers, and ranges whose end is the first one that does not. */
    expected_statuses: z
      .array(
        z.union([
          status.transform((start) => ({ start, end: start + 1 })),
          z
            .strictObject({ start: status, end: z.number().int().min(101).max(600) })
            .refine(({ start, end }) => start < end, 'expected "start" below "end"'),
        ]),
      )
      .min(1)
      .optional(),
    tcp: z.boolean().optional(),
    /** true, or the service of the gRPC health protocol that is asked for. */
    grpc: z
      .union([
        z.boolean(),
        z.strictObject({ service_name: z.string().regex(visible, 'expected a name').optional() }),
      ])
      .optional(),
    interval: span().prefault('5s'),
    timeout: span().prefault('2s'),
    unhealthy_threshold: count.default(3),
    healthy_threshold: count.default(2),
  })
  .refine(
    ({ path, tcp, grpc = false }) =>
      [path !== undefined, tcp === true, grpc !== false].filter(Boolean).length === 1,
    { error: 'expected one of "path", "tcp", "grpc"' },
  )
  .refine(({ path, expected_statuses }) => path !== undefined || expected_statuses === undefined, {
    error: '"expected_statuses" are those of a check by "path"',
    path: ['expected_statuses'],
  });

/** Envoy's own terms; times need a unit or count in seconds. */
export const outlierDetection = z
  .strictObject({
    consecutive_5xx: count.optional(),
    consecutive_gateway_failure: count.optional(),
    /** Connections that fail or time out, told apart from what the instance answers. */
    consecutive_local_origin_failure: count.optional(),
    success_rate_minimum_hosts: count.optional(),
    success_rate_request_volume: count.optional(),
    /** Thousandths of a standard deviation below the mean that eject an instance. */
    success_rate_stdev_factor: count.optional(),
    failure_percentage_threshold: percent.optional(),
    failure_percentage_minimum_hosts: count.optional(),
    failure_percentage_request_volume: count.optional(),
    interval: span().prefault('10s'),
    base_ejection_time: span().prefault('30s'),
    max_ejection_time: span().optional(),
    max_ejection_percent: percent.default(100),
  })
  .refine(({ base_ejection_time: base, max_ejection_time: most = base }) => most >= base, {
    error: '"max_ejection_time" must be at least "base_ejection_time"',
    path: ['max_ejection_time'],
  });
