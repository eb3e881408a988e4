import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { formatProblem } from '../../../src/config/problem.js';

const problemsOf = (yaml: string) =>
  (parseConfig(yaml, 'f.yaml', {}).problems ?? [])
    .map(formatProblem)
    .map((line) => line.replace('f.yaml:', ''));
const http = (more: string) => `listeners: [{ name: http, address: "0.0.0.0:1", ${more} }]`;
const tcp = (more: string) => `listeners: [{ name: tcp, address: "0.0.0.0:1", protocol: tcp, ${more} }]`;
const LUA = '"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua';

test.each([
  http(
    'tls: { certificates: [{ cert: a.pem, key: a.key, hosts: [A.example.com, "*.b.c"] }, { cert: b, key: b }] }',
  ),
  http(
    'tls: { certificates: [{ cert: a, key: a }], client_ca: ca, require_client_certificate: true, min_version: 1.3 }',
  ),
  http('access_log: { path: /dev/stdout, format: "%REQ(:path)% %START_TIME(%Y-%m-%d %H:%M:%S.%3f)% 100%%" }'),
  http('access_log: { path: a, json: { a: "%PROTOCOL%", b: { c: ["%RESPONSE_CODE%", 1, true, null] } } }'),
  http(
    'idle_timeout: 0, stream_idle_timeout: 1m, http2: { max_concurrent_streams: 100 }, proxy_protocol: optional',
  ),
  http('routes: [{ match: { prefix: / }, service_name: a }]'),
  http(`http_filters: [{ name: lua, typedConfig: { ${LUA} } }]`),
  http('envoy: { tcpBacklogSize: 10, metadata: { filter_metadata: { a: { b: 1 } } } }'),
  http('http_connection_manager: { via: x, commonHttpProtocolOptions: { idle_timeout: 1.5s } }'),
  tcp('service_name: a'),
  tcp('weighted: [{ service_name: a, weight: 1 }, { service_name: b, weight: 0 }]'),
  tcp('tls_passthrough: [{ sni: [a.b], service_name: a }]'),
  `${http('')}\nroutes: [{ match: { prefix: / }, service_name: a, listeners: [http], envoy: { route: { hash_policy: [] } } }]`,
  'virtual_hosts: [{ hosts: ["*.a.b"], envoy: { include_request_attempt_count: true } }]',
  'services: { a: { envoy: { circuitBreakers: { thresholds: [{ maxRequests: 3 }] }, connectTimeout: 0.25s } } }',
])('taken: %s', (yaml) => {
  expect(problemsOf(yaml)).toEqual([]);
});

describe('told with line, column and path', () => {
  test.each<[string, string]>([
    [
      http('tls: { certificates: [] }'),
      '1:70: listeners[0].tls.certificates: expected at least one of them, or "documents: true"',
    ],
    [
      http('tls: { certificates: [{ cert: a, key: b }], require_client_certificate: true }'),
      '1:121: listeners[0].tls.require_client_certificate: "require_client_certificate" needs "client_ca": without one no certificate is checked',
    ],
    [
      http('tls: { certificates: [{ cert: a, key: b, hosts: [a, c] }, { cert: a, key: b, hosts: [a] }] }'),
      '1:21: listeners[0].name: "a" is named by two of this listener\'s certificates or passages',
    ],
    [
      http('access_log: { path: a, format: "%NONE%" }'),
      '1:80: listeners[0].access_log.format: there is no command "%NONE%" here',
    ],
    [
      http('access_log: { path: a, json: { x: ["100%"] } }'),
      '1:84: listeners[0].access_log.json.x[0]: a "%" begins one of Envoy\'s commands, such as "%PROTOCOL%"; "%%" is a "%"',
    ],
    [
      http('service_name: a'),
      '1:63: listeners[0].service_name: belongs to a listener of "protocol: tcp"; an HTTP listener has routes',
    ],
    [
      tcp('server_name: a, service_name: b'),
      '1:76: listeners[0].server_name: says nothing to a TCP listener',
    ],
    [tcp('idle_timeout: 1s'), '1:13: listeners[0]: a TCP listener needs one of "service_name", "weighted"'],
    [
      `${http('')}\nroutes: [{ match: { prefix: / }, service_name: a, listeners: [htpp] }]`,
      '2:63: routes[0].listeners[0]: there is no listener "htpp", did you mean "http"?',
    ],
    [
      `${tcp('service_name: a')}\nroutes: [{ match: { prefix: / }, service_name: a, listeners: [tcp] }]`,
      '2:63: routes[0].listeners[0]: "tcp" is a TCP listener, which has no routes',
    ],
    [
      http('routes: [{ match: { prefix: / }, service_name: a, listeners: [http] }]'),
      '1:110: listeners[0].routes[0].listeners: a route that stands in a listener is for that listener',
    ],
    [
      http('routes: [{ match: { regex: "(" }, service_name: a }]'),
      '1:58: listeners[0].routes[0]: "(" is no regular expression for Envoy: error parsing regexp: missing closing ): `(`',
    ],
    [
      'services: { x: { envoy: { circuitBreakers: { foo: 1 } } } }',
      '1:46: services.x.envoy.circuitBreakers.foo: no such field of envoy.config.cluster.v3.CircuitBreakers; known here: thresholds, per_host_thresholds',
    ],
    [
      'services: { x: { envoy: { circuit_breakers: { threshold: [] } } } }',
      '1:47: services.x.envoy.circuit_breakers.threshold: no such field of envoy.config.cluster.v3.CircuitBreakers, did you mean "thresholds"?',
    ],
    [
      'services: { x: { envoy: { connect_timeout: 5 } } }',
      '1:44: services.x.envoy.connect_timeout: expected a time in seconds with its unit, such as "1.5s"',
    ],
    [
      'services: { x: { envoy: { connect_timeout: 0s } } }',
      '1:44: services.x.envoy.connect_timeout: must be above 0s',
    ],
    [
      'services: { x: { envoy: { lbPolicy: MAGLEF } } }',
      '1:37: services.x.envoy.lbPolicy: expected one of: ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG',
    ],
    [
      'services: { x: { envoy: { edsClusterConfig: {} } } }',
      '1:27: services.x.envoy.edsClusterConfig: cannot stand here: the instances come from the registries by EDS; see "discovery" and "services.NAME.sources"',
    ],
    [
      'services: { x: { envoy: { health_checks: [{ timeout: 1s, interval: 1s, unhealthy_threshold: 1, tcp_health_check: {} }] } } }',
      '1:43: services.x.envoy.health_checks[0].healthy_threshold: is needed',
    ],
    [
      'services: { x: { envoy: { ring_hash_lb_config: {}, maglev_lb_config: {} } } }',
      '1:52: services.x.envoy.maglev_lb_config: "ring_hash_lb_config" and "maglev_lb_config" exclude each other',
    ],
    [
      'services: { x: { envoy: { transport_socket: { name: a, typed_config: { "@type": type.googleapis.com/none.None } } } } }',
      '1:81: services.x.envoy.transport_socket.typed_config["@type"]: Envoy has no type "type.googleapis.com/none.None" that is known here',
    ],
    [
      http('http_connection_manager: { max_request_headers_kb: 9000 }'),
      '1:100: listeners[0].http_connection_manager.max_request_headers_kb: must be at most 8192',
    ],
    [
      http(
        'http_filters: [{ typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua } }]',
      ),
      '1:64: listeners[0].http_filters[0].name: must not be empty',
    ],
    [
      'virtual_hosts: [{ hosts: ["*"], envoy: { domains: ["a"] } }]',
      '1:42: virtual_hosts[0].envoy.domains: cannot stand here: use "hosts" beside "envoy"',
    ],
    [
      'routes: [{ match: { prefix: / }, service_name: a, envoy: { route: { cluster: b } } }]',
      '1:69: routes[0].envoy.route.cluster: cannot stand here: use "service_name" or "weighted" beside "envoy", so that there is a cluster',
    ],
    [
      'routes: [{ match: { prefix: / }, service_name: a, envoy: { route: { hash_policy: [{}] } } }]',
      '1:10: routes[0]: envoy.route.hash_policy.0: one of these is needed: header, cookie, connection_properties, query_parameter, filter_state',
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([problem]);
  });
});

const warningsOf = (yaml: string) => {
  const loaded = parseConfig(yaml, 'f.yaml', {});
  if (loaded.problems !== undefined) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.warnings.map(formatProblem).map((line) => line.replace('f.yaml:', ''));
};

describe('a field that Envoy has deprecated is warned of where it stands', () => {
  const says = (field: string) => `Envoy has deprecated "${field}": a later version refuses it`;
  test.each<[string, string, string]>([
    [
      'services: { x: { envoy: { respectDnsTtl: true } } }',
      'services.x.envoy.respectDnsTtl',
      'respect_dns_ttl',
    ],
    [
      http('http_connection_manager: { access_log_flush_interval: 1s }'),
      'listeners[0].http_connection_manager.access_log_flush_interval',
      'access_log_flush_interval',
    ],
    [
      http(
        'http_filters: [{ name: f, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor, content_length: 5, compressor_library: { name: g, typed_config: { "@type": type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip } } } }]',
      ),
      'listeners[0].http_filters[0].typed_config.content_length',
      'content_length',
    ],
    [
      'virtual_hosts: [{ hosts: ["*"], envoy: { per_request_buffer_limit_bytes: 5 } }]',
      'virtual_hosts[0].envoy.per_request_buffer_limit_bytes',
      'per_request_buffer_limit_bytes',
    ],
    [
      'routes: [{ match: { prefix: / }, service_name: a, envoy: { route: { max_grpc_timeout: 1s } } }]',
      'routes[0].envoy.route.max_grpc_timeout',
      'max_grpc_timeout',
    ],
    [
      http('routes: [{ match: { prefix: / }, service_name: a, envoy: { route: { max_grpc_timeout: 1s } } }]'),
      'listeners[0].routes[0].envoy.route.max_grpc_timeout',
      'max_grpc_timeout',
    ],
  ])('%s', (yaml, path, field) => {
    expect(warningsOf(yaml)).toEqual([expect.stringMatching(/^1:\d+: /)]);
    expect(warningsOf(yaml).join()).toContain(`${path}: ${says(field)}`);
  });

  test('and no other is', () => {
    expect(warningsOf('services: { x: { envoy: { per_connection_buffer_limit_bytes: 9 } } }')).toEqual([]);
  });
});
