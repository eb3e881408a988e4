import { z } from 'zod';
import { consulQueryOptions, consulServerOptions } from '../consul-options.js';
import { commonOptions, defaultWeight } from '../registry-options.js';

/** The options of a `consul_kv` registry; times in milliseconds once read. */
export const consulKvOptions = z.strictObject({
  type: z.literal('consul_kv'),
  ...commonOptions,
  ...consulServerOptions,
  prefix: z.string().min(1).default('upstreams'),
  skip_keys: z.array(z.string()).default([]),
  weight: defaultWeight(1),
  ...consulQueryOptions,
});
export type ConsulKvOptions = z.output<typeof consulKvOptions>;
