import { expect, test } from 'vitest';
import { encode } from '../../src/protobuf/messages.js';
import { strictlyWrong } from './envoy-checks.js';
import { publishedProtos, violations } from './pgv.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const ASSIGNMENT = 'envoy.config.endpoint.v3.ClusterLoadAssignment';

const endpoint = (address: string, port_value: number, weight: number) => ({
  endpoint: { address: { socket_address: { address, port_value } } },
  load_balancing_weight: { value: weight },
});

test('the checks find what Envoy is known to refuse', async () => {
  const root = await publishedProtos();
  const assignment = encode(ASSIGNMENT, {
    endpoints: [
      { priority: 129, lb_endpoints: [endpoint('', 80, 1), endpoint('10.0.0.1', 70_000, 0)] },
      { lb_endpoints: [endpoint('10.0.0.1', 80, 1)], load_balancing_weight: { value: 0 } },
    ],
  });
  const at = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
  const place = `${at}.endpoints[0].lb_endpoints`;
  expect(violations(root, ASSIGNMENT, assignment).map((text) => text.split(':')[0])).toEqual([
    `${at}.cluster_name`,
    `${place}[0].endpoint.address.socket_address.address`,
    `${place}[1].endpoint.address.socket_address.port_value`,
    `${place}[1].load_balancing_weight`,
    `${at}.endpoints[0].priority`,
    `${at}.endpoints[1].load_balancing_weight`,
  ]);
  const cluster = encode(CLUSTER, {
    name: 'a',
    connect_timeout: { seconds: 0 },
    health_checks: [{ interval: { seconds: 1 } }],
    outlier_detection: { max_ejection_percent: { value: 101 } },
  });
  expect(
    violations(root, CLUSTER, cluster).map((text) => text.replace(`${CLUSTER}.`, '').split(':')[0]),
  ).toEqual([
    'connect_timeout',
    'health_checks[0].health_checker',
    'health_checks[0].timeout',
    'health_checks[0].unhealthy_threshold',
    'health_checks[0].healthy_threshold',
    'outlier_detection.max_ejection_percent',
  ]);
});

test('the stricter checks find what gRPC refuses', () => {
  const wrong = strictlyWrong({
    endpoints: [
      { lb_endpoints: [endpoint('10.0.0.1', 80, 4_294_967_295), endpoint('10.0.0.1', 80, 1)] },
      { priority: 2, lb_endpoints: [], load_balancing_weight: { value: 4_294_967_295 } },
      { priority: 2, lb_endpoints: [], load_balancing_weight: { value: 1 } },
    ],
  });
  expect(wrong.map((text) => text.split(/[: ]/)[0])).toEqual([
    'address',
    'locality',
    'gap',
    'the',
    'weights',
  ]);
});
