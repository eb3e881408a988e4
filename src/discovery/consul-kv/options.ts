import { z } from 'zod';
import { duration, serverUrl } from '../../config/values.js';
import { commonOptions, defaultWeight } from '../registry-options.js';

/** The options of a `consul_kv` registry; times in milliseconds once read. */
export const consulKvOptions = z.strictObject({
  type: z.literal('consul_kv'),
  ...commonOptions,
  servers: z.array(serverUrl).min(1),
  token: z.string().optional(),
  token_file: z.string().optional(),
  prefix: z.string().min(1).default('upstreams'),
  skip_keys: z.array(z.string()).default([]),
  weight: defaultWeight(1),
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
export type ConsulKvOptions = z.output<typeof consulKvOptions>;
