import { z } from 'zod';
import { duration, serverUrl } from '../../config/values.js';
import { commonOptions, defaultWeight } from '../registry-options.js';

/** The options of a `consul` registry: the catalogue and its health checks; times in milliseconds once read. */
export const consulOptions = z.strictObject({
  type: z.literal('consul'),
  ...commonOptions,
  servers: z.array(serverUrl).min(1),
  token: z.string().optional(),
  token_file: z.string().optional(),
  weight: defaultWeight(1),
  use_weights: z.boolean().default(false),
  tags: z.array(z.string().min(1)).default([]),
  metadata: z.record(z.string(), z.string()).default({}),
  datacenter: z.string().min(1).optional(),
  namespace: z.string().min(1).optional(),
  keepalive: z.boolean().default(true),
  fetch_interval: duration('s').default(3_000),
  timeout: z
    .strictObject({
      connect: duration('ms').default(2_000),
      read: duration('ms').default(2_000),
      wait: duration('s').default(60_000),
    })
    .prefault({}),
});
export type ConsulOptions = z.output<typeof consulOptions>;
