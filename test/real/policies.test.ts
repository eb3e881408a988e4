import { afterAll, beforeAll, expect, test } from 'vitest';
import { servicePolicy } from '../../src/config/service-policy.js';
import type { Instance } from '../../src/model/instance.js';
import { clusterPolicy } from '../../src/publish/policy.js';
import { clusterResource } from '../../src/resources/cluster.js';
import { endpointsResource } from '../../src/resources/endpoints.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { ControlPlane } from '../support/control-plane.js';
import { instanceAt } from '../support/instances.js';

let plane: ControlPlane;
let envoy: Envoy;

beforeAll(async () => {
  plane = await ControlPlane.start();
});
afterAll(async () => {
  await envoy?.stop();
  await plane?.server.stop();
});

/** The longest time that the configuration takes. */
const YEAR = '8760h';
/** What the configuration may say. */
const said: Readonly<Record<string, object>> = {
  nothing: {},
  policies: { lb_policy: 'LEAST_REQUEST', slow_start: '30s', connect_timeout: '250ms' },
  ring: { lb_policy: 'RING_HASH', slow_start: '30s' },
  maglev: { lb_policy: 'MAGLEV' },
  http: { health_check: { path: '/health?deep=1', host: 'web.example', interval: '60s' } },
  tcp: { health_check: { tcp: true, interval: '60s' } },
  grpc: { health_check: { grpc: true, interval: '60s' } },
  named: { health_check: { grpc: { service_name: 'web' }, interval: '60s' } },
  statuses: {
    health_check: { path: '/', interval: '60s', expected_statuses: [100, 599, { start: 100, end: 600 }] },
    protocol: 'grpc',
  },
  shaped: { slow_start: { window: '1ms', aggression: 0.01, min_weight_percent: 0 } },
  choices: {
    lb_policy: 'LEAST_REQUEST',
    least_request_lb_config: { choice_count: 4_294_967_295, active_request_bias: 0 },
    slow_start: { window: YEAR, aggression: 1_000, min_weight_percent: 100 },
  },
  rings: {
    lb_policy: 'RING_HASH',
    ring_hash_lb_config: { minimum_ring_size: 1, maximum_ring_size: 1, hash_function: 'MURMUR_HASH_2' },
    common_lb_config: {
      consistent_hashing_lb_config: { use_hostname_for_hashing: true, hash_balance_factor: 100 },
    },
  },
  largest: { lb_policy: 'RING_HASH', ring_hash_lb_config: { maximum_ring_size: 8_388_608 } },
  tables: {
    lb_policy: 'MAGLEV',
    maglev_lb_config: { table_size: 5_000_011 },
    common_lb_config: { locality_weighted_lb_config: {} },
  },
  two: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 2 } },
  others: { ring_hash_lb_config: { minimum_ring_size: 5 }, maglev_lb_config: { table_size: 3 } },
  zones: {
    common_lb_config: {
      healthy_panic_threshold: 0.5,
      zone_aware_lb_config: { routing_enabled: 100, min_cluster_size: 0, fail_traffic_on_panic: true },
      update_merge_window: 0,
      ignore_new_hosts_until_first_hc: true,
      close_connections_on_host_set_change: true,
    },
    health_check: { tcp: true, interval: '60s' },
  },
  localities: { common_lb_config: { locality_weighted_lb_config: {}, update_merge_window: YEAR } },
  all_outliers: {
    outlier_detection: {
      consecutive_5xx: 4_294_967_295,
      consecutive_local_origin_failure: 1,
      success_rate_minimum_hosts: 1,
      success_rate_request_volume: 1,
      success_rate_stdev_factor: 1,
      failure_percentage_threshold: 0,
      failure_percentage_minimum_hosts: 1,
      failure_percentage_request_volume: 1,
      base_ejection_time: '1ms',
      interval: '1ms',
      max_ejection_time: '1ms',
    },
  },
  budget: {
    circuit_breakers: {
      retry_budget: { percent: 100, min_concurrency: 0 },
      max_connection_pools: 1,
      per_host: { max_connections: 1 },
      track_remaining: true,
    },
  },
  kept: { tcp_keepalive: { keepalive_probes: 127, keepalive_time: 32_767, keepalive_interval: 32_767 } },
  bare: { tcp_keepalive: {}, circuit_breakers: { retry_budget: {} }, common_lb_config: {} },
  times: { connect_timeout: YEAR, health_check: { tcp: true, interval: YEAR, timeout: YEAR } },
  outliers: { outlier_detection: { consecutive_5xx: 3, consecutive_gateway_failure: 2 } },
  unusual: { outlier_detection: { base_ejection_time: '2h', max_ejection_percent: 0 } },
  breakers: {
    circuit_breakers: { max_connections: 1, max_requests: 2, max_retries: 3, max_pending_requests: 4 },
  },
  tls: { tls: { sni: 'web.example' }, protocol: 'http2' },
  split: { sources: [{ service: 'a', weight: 0.001 }] },
};
/** What it may say of instances that are host names. */
const resolution: Readonly<Record<string, object>> = Object.fromEntries(
  ['AUTO', 'V4_ONLY', 'V4_PREFERRED', 'ALL'].map((family) => [
    `dns ${family}`,
    { dns_lookup_family: family, dns_refresh_rate: '2ms', respect_dns_ttl: true, ...said.rings },
  ]),
);
/** What instances may say, nonsense among it. */
const instances: Readonly<Record<string, Instance>> = {
  kind: instanceAt('127.0.0.1:1', {
    policy: { slowStartSeconds: 30, healthCheckPath: '/health', maxFails: 2, failTimeoutSeconds: 10 },
  }),
  huge: instanceAt('127.0.0.1:1', {
    policy: { slowStartSeconds: 1e300, maxFails: 1e300, failTimeoutSeconds: 1e300 },
    weight: 1e300,
  }),
  tiny: instanceAt('127.0.0.1:1', {
    policy: { slowStartSeconds: 1e-12, maxFails: 1e-12, failTimeoutSeconds: 1e-12 },
    weight: 1e-300,
  }),
  secure: instanceAt('127.0.0.1:1', { secure: true }),
  http2: instanceAt('127.0.0.1:1', { policy: { http2: true, healthCheckPath: '/' }, health: 'DEGRADED' }),
  leaving: instanceAt('127.0.0.1:1', { health: 'DRAINING' }),
  local: instanceAt('localhost:1', { priority: 3, locality: { region: 'eu' } }),
};

/** As routes name them. */
const SUBSETS = [['version'], ['canary', 'version']];

test('Envoy takes every policy that the configuration and the instances can say', async () => {
  const one = instanceAt('127.0.0.1:1', { metadata: { version: 'v1' } });
  const byName = instanceAt('localhost:1');
  const services = [
    ...Object.entries(said).map(([name, policy]) => ({ name, policy, instance: one })),
    ...Object.entries(resolution).map(([name, policy]) => ({ name, policy, instance: byName })),
    ...Object.entries(instances).map(([name, instance]) => ({ name, policy: {}, instance })),
  ];
  plane.publish(
    ...services.flatMap(({ name, policy, instance }) => {
      const cluster = clusterResource(
        name,
        [instance],
        clusterPolicy([servicePolicy.parse(policy)], [instance], SUBSETS),
      );
      const rules = { metadataKeys: ['version'], lastResort: true, healthCheckPath: '/elsewhere' };
      return cluster.references.length === 0
        ? [cluster]
        : [cluster, endpointsResource(name, [instance], rules)];
    }),
  );
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: plane.port }));
  const stats = await envoy.stats();
  const rejected = [...stats].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  // One for each cluster that takes its endpoints by EDS, and one for the clusters.
  const byEds = services.filter(({ instance }) => instance.host !== byName.host);
  expect(rejected.length).toBeGreaterThan(byEds.length);
  const members = services.map(({ name }) => [name, stats.get(`cluster.${name}.membership_total`)]);
  expect(members).toEqual(services.map(({ name }) => [name, name === 'dns ALL' ? expect.any(Number) : 1]));
});
