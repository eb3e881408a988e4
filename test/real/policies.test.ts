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

/** What the configuration may say. */
const said: Readonly<Record<string, object>> = {
  nothing: {},
  policies: { lb_policy: 'LEAST_REQUEST', slow_start: '30s', connect_timeout: '250ms' },
  ring: { lb_policy: 'RING_HASH', slow_start: '30s' },
  maglev: { lb_policy: 'MAGLEV' },
  http: { health_check: { path: '/health?deep=1', host: 'web.example', interval: '60s' } },
  tcp: { health_check: { tcp: true, interval: '60s' } },
  grpc: { health_check: { grpc: true, interval: '60s' } },
  outliers: { outlier_detection: { consecutive_5xx: 3, consecutive_gateway_failure: 2 } },
  unusual: { outlier_detection: { base_ejection_time: '2h', max_ejection_percent: 0 } },
  breakers: {
    circuit_breakers: { max_connections: 1, max_requests: 2, max_retries: 3, max_pending_requests: 4 },
  },
  tls: { tls: { sni: 'web.example' }, protocol: 'http2' },
  split: { sources: [{ service: 'a', weight: 0.001 }] },
};
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
  named: instanceAt('localhost:1', { priority: 3, locality: { region: 'eu' } }),
};

test('Envoy takes every policy that the configuration and the instances can say', async () => {
  const one = instanceAt('127.0.0.1:1');
  const services = [
    ...Object.entries(said).map(([name, policy]) => ({ name, policy, instance: one })),
    ...Object.entries(instances).map(([name, instance]) => ({ name, policy: {}, instance })),
  ];
  plane.publish(
    ...services.flatMap(({ name, policy, instance }) => {
      const cluster = clusterResource(
        name,
        [instance],
        clusterPolicy([servicePolicy.parse(policy)], [instance]),
      );
      return cluster.references.length === 0 ? [cluster] : [cluster, endpointsResource(name, [instance])];
    }),
  );
  envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort: plane.port }));
  const stats = await envoy.stats();
  const rejected = [...stats].filter(([name]) => name.endsWith('update_rejected'));
  expect(rejected.filter(([, value]) => value !== 0)).toEqual([]);
  expect(rejected.length).toBeGreaterThan(services.length);
  const members = services.map(({ name }) => [name, stats.get(`cluster.${name}.membership_total`)]);
  expect(members).toEqual(services.map(({ name }) => [name, 1]));
});
