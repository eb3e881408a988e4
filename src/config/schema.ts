import { z } from 'zod';
import { routesFrom } from '../documents/options.js';
import { listenAddress } from './address.js';
import { adminOptions } from './admin-options.js';
import { allowRule } from './allow.js';
import { consumers } from './consumers.js';
import { limits } from './limits.js';
import { listener } from './listener.js';
import { nodeGroups } from './node-groups.js';
import { registryOptions } from './registries.js';
import { route, virtualHost } from './routing.js';
import { servicePolicy } from './service-policy.js';
import { defaultService, duration, share } from './values.js';
import { MOST_WORKERS } from './worker-count.js';

/** Starts with a letter also because an object would put keys that look like numbers first: order means precedence. */
const registryName = z
  .string()
  .regex(/^[A-Za-z_][\w-]*$/, 'a registry\'s name is a letter or "_", then letters, digits, "_" and "-"');

/** TLS for proxies; all paths of PEM files, which are read again when they change. */
const xdsTls = z
  .strictObject({
    cert: z.string().min(1),
    key: z.string().min(1),
    /** Who signs the certificates of proxies. */
    client_ca: z.string().min(1).optional(),
    /** Whether a proxy without a certificate is sent away; true where there is a `client_ca`. */
    require_client_certificate: z.boolean().optional(),
  })
  .refine((tls) => tls.require_client_certificate !== true || tls.client_ca !== undefined, {
    error: 'needs "client_ca", by which the certificates are checked',
    path: ['require_client_certificate'],
  })
  .transform((tls) => ({
    ...tls,
    require_client_certificate: tls.require_client_certificate ?? tls.client_ca !== undefined,
  }));

const xds = z
  .strictObject({
    listen: listenAddress.prefault('127.0.0.1:18000'),
    /** Over how long a time the proxies are sent away at the end. */
    drain: duration('s')
      .refine((milliseconds) => milliseconds <= 3_000, 'expected at most 3s: everything is to end within 5 s')
      .prefault('2s'),
    /** A connection without traffic for `time` is asked for a sign of life, and dropped after `timeout` without one. */
    keepalive: z
      .strictObject({ time: duration('s').prefault('30s'), timeout: duration('s').prefault('10s') })
      .prefault({}),
    /** Serves gRPC reflection too. */
    reflection: z.boolean().default(false),
    /** How many processes serve the proxies; 0: the one that does everything. */
    workers: z.number().int().min(0).max(MOST_WORKERS).default(0),
    tls: xdsTls.optional(),
  })
  .prefault({});

/** Takes what a proxy rejects back from the proxies of its group. */
const quarantine = z
  .union([
    z.boolean(),
    z.strictObject({
      /** A proxy that rejects more than this share of all resources is held back alone. */
      share: share.prefault('20%'),
      /** A proxy that rejects fewer resources is not held back for the share. */
      large: z.number().int().min(1).default(10),
    }),
  ])
  .default(true);

/** What proxies are asked to report of their clusters. */
const loadReports = z
  .strictObject({
    interval: duration('s')
      .refine((milliseconds) => milliseconds >= 1_000 && milliseconds <= 60_000, 'expected 1s to 60s')
      .prefault('10s'),
    /** Whether they tell the instances of a service apart. */
    endpoints: z.boolean().default(true),
    /** What instances say of themselves in the header `endpoint-load-metrics` (ORCA) that proxies are to report. */
    metrics: z
      .array(
        z
          .string()
          .regex(
            /^((cpu|mem|application)_utilization|rps_fractional|eps|(named_metrics|request_cost|utilization)\.[\w.-]+)$/,
            'expected a name such as "named_metrics.latency_ms" or "cpu_utilization"',
          ),
      )
      .max(8)
      .default([]),
  })
  .prefault({});

/** The configuration file, after variables, aliases and default types are filled in. Times are milliseconds once read. */
export const configSchema = z.strictObject({
  xds,
  admin: adminOptions,
  /** In order of precedence. */
  discovery: z.record(registryName, registryOptions).default({}),
  /** How long the first publication waits for registries that have not answered yet. */
  startup_grace: duration('s').prefault('30s'),
  /** The first change goes out at once; under a flood the wait grows from `delay`, doubling, to `max_delay`. */
  publish: z
    .strictObject({ delay: duration('ms').prefault('10ms'), max_delay: duration('ms').prefault('1s') })
    .prefault({}),
  load_reports: loadReports,
  metrics: z
    .strictObject({
      /** A series for each service in the metrics of load reports, for the first 1,000 that have traffic. */
      per_service: z.boolean().default(false),
    })
    .prefault({}),
  quarantine,
  /** A change of anything but endpoints reaches the `first` share of the proxies, and the others after `wait`. */
  rollout: z
    .strictObject({
      first: share.refine((value) => value > 0 && value < 1, 'expected more than 0% and less than 100%'),
      wait: duration('s').prefault('10s'),
      /** What stops a change before it reaches the others. */
      abort_on: z.literal('nack').default('nack'),
    })
    .optional(),
  /** What is served is kept in a file, and served from there after a restart until the registries have answered. */
  snapshot: z
    .strictObject({
      path: z.string().min(1),
      /** How old the file may be; 0: as old as it likes. */
      expire: duration('s').default(0),
    })
    .optional(),
  default_service: defaultService.optional(),
  /** By service name, `*` for all. */
  services: z.record(z.string().min(1), servicePolicy).default({}),
  /** Who may call routes that have an `auth`; by name. */
  consumers: consumers.default({}),
  listeners: z.array(listener).default([]),
  routes: z.array(route).default([]),
  virtual_hosts: z.array(virtualHost).default([]),
  routes_from: routesFrom.prefault({}),
  /** `/<service>/…` goes to each service, with that prefix taken off. */
  auto_routes: z.boolean().default(false),
  /** Who may ask the xDS port, and for whose configuration; everybody for everything without it. */
  allow: z.array(allowRule).optional(),
  /** By name: proxies that get a part of what there is. */
  groups: nodeGroups.default({}),
  /** What clients of the xDS port may take. */
  limits,
});
export type Config = z.output<typeof configSchema>;
