import { z } from 'zod';
import { duration, serverUrl } from '../../config/values.js';
import { answerTimeout, commonOptions, defaultWeight } from '../registry-options.js';

/** The options of an `eureka` registry; times in milliseconds once read. */
export const eurekaOptions = z.strictObject({
  type: z.literal('eureka'),
  ...commonOptions,
  host: z.array(serverUrl).min(1),
  prefix: z.string().default('/eureka/'),
  weight: defaultWeight(100),
  fetch_interval: duration('s')
    .refine((milliseconds) => milliseconds >= 1_000, 'expected 1 s or more')
    .default(30_000),
  timeout: z
    .strictObject({
      connect: duration('ms').default(2_000),
      send: duration('ms').default(2_000),
      read: duration('ms').default(5_000),
      answer: answerTimeout,
    })
    .prefault({}),
});
export type EurekaOptions = z.output<typeof eurekaOptions>;
