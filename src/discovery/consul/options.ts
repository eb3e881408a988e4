import { z } from 'zod';
import { consulQueryOptions, consulServerOptions } from '../consul-options.js';
import { commonOptions, defaultWeight } from '../registry-options.js';

/** The options of a `consul` registry: the catalogue and its health checks; times in milliseconds once read. */
export const consulOptions = z.strictObject({
  type: z.literal('consul'),
  ...commonOptions,
  ...consulServerOptions,
  weight: defaultWeight(1),
  /** `tags`: a tag such as `weight=3`. */
  use_weights: z
    .union([z.boolean(), z.literal('tags')], { error: 'expected true, false or "tags"' })
    .default(false),
  tags: z.array(z.string().min(1)).default([]),
  metadata: z.record(z.string(), z.string()).default({}),
  datacenter: z.string().min(1).optional(),
  namespace: z.string().min(1).optional(),
  ...consulQueryOptions,
});
export type ConsulOptions = z.output<typeof consulOptions>;
