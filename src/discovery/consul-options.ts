import { z } from 'zod';
import { duration, serverUrl } from '../config/values.js';
import { answerTimeout } from './registry-options.js';

/** Which Consul servers are asked, by `consul` and `consul_kv` alike. */
export const consulServerOptions = {
  servers: z.array(serverUrl).min(1),
  token: z.string().optional(),
  token_file: z.string().optional(),
};

/** How they are asked; times in milliseconds once read. */
export const consulQueryOptions = {
  keepalive: z.boolean().default(true),
  fetch_interval: duration('s').default(3_000),
  timeout: z
    .strictObject({
      connect: duration('ms').default(2_000),
      read: duration('ms').default(2_000),
      wait: duration('s').default(60_000),
      answer: answerTimeout,
    })
    .prefault({}),
};
