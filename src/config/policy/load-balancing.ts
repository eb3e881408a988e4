import { z } from 'zod';
import { span } from './times.js';

/** Envoy's bounds on a ring and on Maglev's table. */
const LARGEST_RING = 8_388_608;
const LARGEST_TABLE = 5_000_011;
/** What Envoy takes for `minimum_ring_size` where nothing is said. */
const SMALLEST_RING = 1_024;
const MOST = 4_294_967_295;

const percent = z.number().min(0).max(100);

export const lbPolicy = z.enum(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH', 'MAGLEV']);

/** How a new instance comes to its full share: a time, or that and the shape of the growth. */
export const slowStart = z.union([
  span(0).transform((window) => ({ window })),
  z.strictObject({
    window: span(0),
    /** 1, Envoy's own, grows in a straight line; more is quicker at first. */
    aggression: z.number().min(0.01).max(1_000).optional(),
    /** The share of its weight that an instance has from the start. */
    min_weight_percent: percent.optional(),
  }),
]);

export const leastRequestLbConfig = z.strictObject({
  /** Of so many instances, picked at random, the one with the fewest requests is taken. */
  choice_count: z.number().int().min(2).max(MOST).optional(),
  active_request_bias: z.number().min(0).max(1_000).optional(),
});

const ringSize = z.number().int().min(1).max(LARGEST_RING);

export const ringHashLbConfig = z
  .strictObject({
    minimum_ring_size: ringSize.optional(),
    maximum_ring_size: ringSize.optional(),
    hash_function: z.enum(['XX_HASH', 'MURMUR_HASH_2']).optional(),
  })
  .refine(
    ({ minimum_ring_size: least = SMALLEST_RING, maximum_ring_size: most = LARGEST_RING }) => least <= most,
    {
      error: `"maximum_ring_size" must be at least "minimum_ring_size" (${SMALLEST_RING} if that is not said)`,
      path: ['maximum_ring_size'],
    },
  );

export const maglevLbConfig = z.strictObject({
  table_size: z
    .number()
    .int()
    .min(2)
    .max(LARGEST_TABLE)
    .refine(isPrime, 'expected a prime number, such as 65537')
    .optional(),
});

export const commonLbConfig = z
  .strictObject({
    /** Below so many healthy instances all are used; 0 turns it off. */
    healthy_panic_threshold: percent.optional(),
    /** Requests stay in the proxy's own zone as far as Envoy's rules allow. */
    zone_aware_lb_config: z
      .strictObject({
        routing_enabled: percent.optional(),
        /** Fewer instances than this, 6 by Envoy's default, are not told apart by zone. */
        min_cluster_size: z.number().int().min(0).max(MOST).optional(),
        fail_traffic_on_panic: z.boolean().optional(),
      })
      .optional(),
    /** Localities are picked by the weight of what they hold, less as their instances fail. */
    locality_weighted_lb_config: z.strictObject({}).optional(),
    /** Changes of health, weight and metadata within this time are taken up at once; 0: each by itself. */
    update_merge_window: span(0).optional(),
    ignore_new_hosts_until_first_hc: z.boolean().optional(),
    close_connections_on_host_set_change: z.boolean().optional(),
    consistent_hashing_lb_config: z
      .strictObject({
        use_hostname_for_hashing: z.boolean().optional(),
        /** No instance gets more than this share of the average, in percent. */
        hash_balance_factor: z.number().int().min(100).max(MOST).optional(),
      })
      .optional(),
  })
  .refine(
    ({ zone_aware_lb_config: zone, locality_weighted_lb_config: weighted }) =>
      zone === undefined || weighted === undefined,
    {
      error: 'expected "zone_aware_lb_config" or "locality_weighted_lb_config", not both',
      path: ['zone_aware_lb_config'],
    },
  );

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return value > 1;
}
