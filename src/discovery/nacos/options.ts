import { z } from 'zod';
import { duration, serverUrl } from '../../config/values.js';
import { answerTimeout, commonOptions, defaultWeight } from '../registry-options.js';

const oneOrMore = (fallback: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)])
    .default(fallback)
    .transform((given) => [
      ...new Set((typeof given === 'string' ? [given] : given).map((name) => name || fallback)),
    ]);

/** The options of a `nacos` registry; times in milliseconds once read. */
export const nacosOptions = z.strictObject({
  type: z.literal('nacos'),
  ...commonOptions,
  /** Members of one cluster: one is asked, the next one when it fails. */
  host: z.array(serverUrl).min(1),
  prefix: z.string().default('/nacos/'),
  user: z.string().optional(),
  password: z.string().optional(),
  password_file: z.string().optional(),
  access_key: z.string().optional(),
  secret_key: z.string().optional(),
  secret_key_file: z.string().optional(),
  namespace: oneOrMore('public'),
  group: oneOrMore('DEFAULT_GROUP'),
  services_only: z.boolean().default(false),
  /** Changes are told of by gRPC as well, at the port of `host` + 1000; polling goes on. */
  push: z.boolean().default(true),
  weight: defaultWeight(100),
  fetch_interval: duration('s').default(30_000),
  timeout: z
    .strictObject({
      connect: duration('ms').default(2_000),
      /** Of APISIX; a request is small enough to be sent at once. */
      send: duration('ms').optional(),
      read: duration('ms').default(5_000),
      answer: answerTimeout,
    })
    .prefault({}),
});
export type NacosOptions = z.output<typeof nacosOptions>;
