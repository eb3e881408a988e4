import { z } from 'zod';
import { duration } from '../../config/values.js';
import { commonOptions, defaultWeight, tlsOptions } from '../registry-options.js';
import { readHosts } from './hosts.js';

/** A bare number of seconds, as other software has it here, would make every server look dead. */
const milliseconds = (fallback: number) =>
  duration('ms')
    .refine((value) => value >= 100, 'a bare number counts milliseconds and 100 is the least: try "10s"')
    .default(fallback);

/** The options of a `zookeeper` registry; times in milliseconds once read. */
export const zookeeperOptions = z
  .strictObject({
    type: z.literal('zookeeper'),
    ...commonOptions,
    tls: tlsOptions
      .optional()
      .refine(
        (tls) => tls === undefined,
        'the ZooKeeper client has no TLS: leave "tls" out, or reach the servers through a TLS tunnel',
      ),
    hosts: z
      .array(z.string())
      .min(1)
      .superRefine((hosts, context) => {
        const { problem } = readHosts(hosts);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      }),
    prefix: z
      .string()
      .refine(
        (path) => !path.split('/').some((name) => name === '.' || name === '..'),
        'is no path of a znode',
      )
      .default('/services'),
    format: z.enum(['auto', 'json', 'curator', 'spring', 'dubbo']).default('auto'),
    weight: defaultWeight(100),
    username: z
      .string()
      .regex(/^[^:]*$/, 'a digest user has no ":"')
      .optional(),
    password: z.string().optional(),
    password_file: z.string().optional(),
    session_timeout: milliseconds(30_000),
    timeout: milliseconds(2_000),
  })
  .refine(({ username, password, password_file }) => !username === !(password || password_file), {
    path: ['username'],
    error: '"username" and "password" (or "password_file") go together',
  });
export type ZooKeeperOptions = z.output<typeof zookeeperOptions>;
export type ZooKeeperFormat = ZooKeeperOptions['format'];
