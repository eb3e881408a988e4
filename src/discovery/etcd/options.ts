import { z } from 'zod';
import { duration, serverUrl } from '../../config/values.js';
import { commonOptions, defaultWeight, maxAnswer, tlsOptions } from '../registry-options.js';

const endpoints = z
  .array(serverUrl)
  .min(1)
  .refine(
    (urls) => new Set(urls.map((url) => url.split(':', 1)[0])).size <= 1,
    'endpoints are either all http or all https',
  )
  .refine(
    (urls) => urls.every((url) => !URL.canParse(url) || new URL(url).username === ''),
    'user and password are options of their own, not parts of an endpoint',
  );

const connection = {
  endpoints,
  user: z.string().optional(),
  password: z.string().optional(),
  password_file: z.string().optional(),
  tls: tlsOptions.optional(),
  timeout: z
    .strictObject({
      /** Until an endpoint has given its first answer; then the next one is tried. */
      connect: duration('ms').default(2_000),
      /** Until any later answer. */
      read: duration('ms').default(5_000),
    })
    .prefault({}),
  /** How long nothing may be heard before the endpoint is asked whether it, and its quorum, are still there. */
  keepalive_interval: duration('s').default(5_000),
  max_answer: maxAnswer,
};

/** What it takes to reach an etcd; whoever has the same may share a connection. Times in milliseconds once read. */
export const etcdConnectionOptions = z.strictObject(connection);
export type EtcdConnectionOptions = z.output<typeof etcdConnectionOptions>;

/** How a prefix is read. */
export const etcdReadOptions = {
  /** Keys in one answer of a listing. */
  page_size: z.number().int().min(1).max(100_000).default(5_000),
  /** The most that a listing waits which many replicas may want at once: after a compaction or a loss of data. */
  relist_jitter: duration('ms').default(1_000),
};

/** The options of an `etcd` registry; times in milliseconds once read. */
export const etcdOptions = z.strictObject({
  type: z.literal('etcd'),
  ...commonOptions,
  ...connection,
  ...etcdReadOptions,
  prefix: z.string().default('/services/'),
  weight: defaultWeight(1),
});
export type EtcdOptions = z.output<typeof etcdOptions>;
