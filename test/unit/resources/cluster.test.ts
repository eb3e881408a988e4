import { describe, expect, test } from 'vitest';
import type { Instance } from '../../../src/model/instance.js';
import { toJson } from '../../../src/protobuf/json.js';
import { decode, packedBytes } from '../../../src/protobuf/messages.js';
import { clusterResource, needsDns } from '../../../src/resources/cluster.js';
import type { ClusterPolicy } from '../../../src/resources/cluster-policy.js';
import { loadAssignment } from '../../../src/resources/endpoints.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { instanceAt } from '../../support/instances.js';

const policy = { connectTimeout: 1_500, lbPolicy: 'LEAST_REQUEST' } as const;
const build = (...instances: readonly Instance[]) => clusterResource('web', instances, policy);
const decoded = (...instances: readonly Instance[]) =>
  decode('envoy.config.cluster.v3.Cluster', build(...instances).body);

test('addresses come by EDS, over the stream that is there', () => {
  expect(decoded(instanceAt('10.0.0.1:80'), instanceAt('[::1]:80'))).toEqual({
    name: 'web',
    type: 'EDS',
    connect_timeout: { seconds: '1', nanos: 500_000_000 },
    lb_policy: 'LEAST_REQUEST',
    eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } },
  });
  expect(build()).toMatchObject({
    typeUrl: TYPE_URL.cluster,
    name: 'web',
    references: [{ typeUrl: TYPE_URL.endpoints, names: ['web'] }],
  });
});

test('a cluster by EDS does not change with its endpoints', () => {
  expect(build(instanceAt('10.0.0.1:80')).version).toBe(build().version);
});

test('a host name among the addresses makes Envoy resolve them, with the endpoints inline', () => {
  const instances = [instanceAt('10.0.0.1:80'), instanceAt('web.example:80', { weight: 3 })];
  const cluster = decoded(...instances);
  expect(cluster).toMatchObject({ type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' });
  expect(cluster).not.toHaveProperty('eds_cluster_config');
  expect(cluster.load_assignment).toEqual(loadAssignment('web', instances));
  expect(build(...instances).references).toEqual([]);
});

test('options of DNS that Envoy takes no more in a cluster make it one of its extension for DNS', () => {
  const host = instanceAt('web.example:80', { metadata: { version: 'v1' } });
  const cluster = decode(
    'envoy.config.cluster.v3.Cluster',
    clusterResource('web', [host], {
      connectTimeout: 1_000,
      lbPolicy: 'RING_HASH',
      dns: { refreshRate: 30_000, lookupFamily: 'ALL' },
      common: { consistent_hashing_lb_config: { use_hostname_for_hashing: true, hash_balance_factor: 150 } },
      endpoints: { metadataKeys: ['version'] },
      envoy: [{ dns_failure_refresh_rate: { base_interval: '2s' }, dns_lookup_family: 'V6_ONLY' }],
    }).body,
  );
  for (const field of ['type', 'dns_lookup_family', 'dns_refresh_rate', 'dns_failure_refresh_rate'])
    expect(cluster).not.toHaveProperty(field);
  expect(cluster.cluster_type?.name).toBe('envoy.cluster.dns');
  const { typed_config: config } = cluster.cluster_type ?? {};
  if (!config) throw new Error('no configuration of DNS');
  expect(decode('envoy.extensions.clusters.dns.v3.DnsCluster', packedBytes(config))).toEqual({
    dns_refresh_rate: { seconds: '30', nanos: 0 },
    dns_failure_refresh_rate: { base_interval: { seconds: '2', nanos: 0 } },
    dns_lookup_family: 'V6_ONLY',
  });
  // Envoy hashes by host name under STRICT_DNS alone, and by this key under any type.
  expect(cluster.common_lb_config?.consistent_hashing_lb_config).toEqual({
    hash_balance_factor: { value: 150 },
  });
  expect(cluster.load_assignment?.endpoints?.[0]?.lb_endpoints?.[0]?.metadata?.filter_metadata).toEqual({
    'envoy.lb': { fields: { hash_key: { stringValue: 'web.example' }, version: { stringValue: 'v1' } } },
  });
});

test('a cluster by DNS changes with its endpoints', () => {
  const [one, other] = ['a.example:80', 'a.example:81'].map((address) => build(instanceAt(address)));
  expect(one?.version).not.toBe(other?.version);
});

test('one host name is enough, none needs no DNS', () => {
  expect(needsDns([])).toBe(false);
  expect(needsDns([instanceAt('[::1]:80'), instanceAt('1.2.3.4:80')])).toBe(false);
  expect(needsDns([instanceAt('[::1]:80'), instanceAt('localhost:80')])).toBe(true);
});

describe('a policy', () => {
  const type = 'envoy.config.cluster.v3.Cluster';
  const bytes = (more: Partial<ClusterPolicy>) =>
    clusterResource('web', [instanceAt('10.0.0.1:80')], { ...policy, lbPolicy: 'ROUND_ROBIN', ...more }).body;
  const withPolicy = (more: Partial<ClusterPolicy>) => decode(type, bytes(more));
  const asJson = (more: Partial<ClusterPolicy>) => toJson(type, bytes(more)) as Record<string, unknown>;
  const seconds = (value: number) => ({ seconds: String(value), nanos: 0 });

  test('of a slow start is one of the load balancer, where that has one', () => {
    const config = { slow_start_config: { slow_start_window: seconds(30) } };
    expect(withPolicy({ slowStart: { window: 30_000 } })).toMatchObject({ round_robin_lb_config: config });
    expect(withPolicy({ slowStart: { window: 30_000 }, lbPolicy: 'LEAST_REQUEST' })).toMatchObject({
      least_request_lb_config: config,
    });
    for (const none of [
      { slowStart: { window: 30_000 }, lbPolicy: 'RANDOM' } as const,
      { slowStart: { window: 0 } },
    ])
      expect(Object.keys(withPolicy(none)).filter((key) => key.endsWith('_lb_config'))).toEqual([]);
  });

  const check = { interval: 5_000, timeout: 2_000, unhealthyThreshold: 3, healthyThreshold: 2 };
  test.each([
    [{ http: '/health', host: 'web' }, { http_health_check: { path: '/health', host: 'web' } }],
    [{ http: '/health' }, { http_health_check: { path: '/health' } }],
    ['tcp', { tcp_health_check: {} }],
    [{ grpc: {} }, { grpc_health_check: {} }],
    [{ grpc: { service_name: 'web' } }, { grpc_health_check: { service_name: 'web' } }],
  ] as const)('of a health check by %j', (kind, said) => {
    const cluster = withPolicy({ healthCheck: { ...check, kind } });
    expect(cluster.ignore_health_on_host_removal).toBe(true);
    expect(cluster.health_checks).toEqual([
      {
        interval: seconds(5),
        no_traffic_interval: seconds(5),
        timeout: seconds(2),
        unhealthy_threshold: { value: 3 },
        healthy_threshold: { value: 2 },
        ...said,
      },
    ]);
  });

  test('of outlier detection does what it says and nothing else', () => {
    const outlierDetection = { interval: 1_000, baseEjectionTime: 3_000, maxEjectionPercent: 50 };
    const built = (more: object) =>
      withPolicy({ outlierDetection: { ...outlierDetection, ...more } }).outlier_detection;
    expect(built({ consecutive5xx: 2 })).toEqual({
      interval: seconds(1),
      base_ejection_time: seconds(3),
      max_ejection_time: seconds(300),
      max_ejection_percent: { value: 50 },
      enforcing_success_rate: { value: 0 },
      enforcing_failure_percentage: { value: 0 },
      consecutive_5xx: { value: 2 },
      enforcing_consecutive_5xx: { value: 100 },
    });
    expect(built({ consecutiveGatewayFailure: 4 })).toMatchObject({
      consecutive_gateway_failure: { value: 4 },
      enforcing_consecutive_gateway_failure: { value: 100 },
      enforcing_consecutive_5xx: { value: 0 },
    });
    expect(built({ consecutive5xx: 2, baseEjectionTime: 600_000 })?.max_ejection_time).toEqual(seconds(600));
  });

  test('of circuit breakers has the limits that are said', () => {
    const circuitBreakers = { max_connections: 7, max_retries: undefined };
    expect(withPolicy({ circuitBreakers }).circuit_breakers).toEqual({
      thresholds: [{ max_connections: { value: 7 } }],
    });
  });

  test('of TLS checks certificates where there is a CA', () => {
    const withTls = (tls: ClusterPolicy['tls']) => asJson({ tls }).transport_socket;
    const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
    const name = 'envoy.transport_sockets.tls';
    expect(withTls({})).toEqual({ name, typed_config: { '@type': type, common_tls_context: {} } });
    expect(withTls({ sni: 'web', ca: 'ca.pem', san: ['a'], cert: 'c.pem', key: 'k.pem' })).toEqual({
      name,
      typed_config: {
        '@type': type,
        sni: 'web',
        common_tls_context: {
          validation_context: {
            trusted_ca: { filename: 'ca.pem' },
            match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a' } }],
          },
          tls_certificates: [
            { certificate_chain: { filename: 'c.pem' }, private_key: { filename: 'k.pem' } },
          ],
        },
      },
    });
  });

  test('of HTTP/2 is one of the protocol options', () => {
    const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
    expect(asJson({ http2: true }).typed_extension_protocol_options).toEqual({
      [name]: {
        '@type': `type.googleapis.com/${name}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    });
    expect(asJson({})).not.toHaveProperty('typed_extension_protocol_options');
  });
});
