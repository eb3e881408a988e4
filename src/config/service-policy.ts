import { z } from 'zod';
import { duration } from './values.js';

/** How Envoy treats a service, in Envoy's terms; what is not said is left to `"*"`, then to the defaults. */
export const servicePolicy = z.strictObject({
  connect_timeout: duration('s')
    .refine((milliseconds) => milliseconds > 0, 'expected a time above 0')
    .optional(),
  lb_policy: z.enum(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH', 'MAGLEV']).optional(),
});
export type ServicePolicy = z.output<typeof servicePolicy>;
