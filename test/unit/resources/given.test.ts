import { expect, test } from 'vitest';
import { decode } from '../../../src/protobuf/messages.js';
import { ADS } from '../../../src/resources/cluster.js';
import { resource, resourceFromBytes, resourceFromJson } from '../../../src/resources/given.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const MANAGER =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

const problemOf = (make: () => unknown): string => {
  try {
    make();
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'SignalboxError', code: 'resource_invalid' });
    return String(thrown);
  }
  return 'nothing is wrong';
};

test('a plain object becomes a resource, by its message type or its type URL', () => {
  const message = {
    name: 'a',
    type: 'EDS',
    connect_timeout: { seconds: 1 },
    eds_cluster_config: { eds_config: ADS, service_name: 'a-endpoints' },
  } as const;
  const made = resource(CLUSTER, message);
  expect(made).toMatchObject({
    typeUrl: TYPE_URL.cluster,
    name: 'a',
    references: [{ typeUrl: TYPE_URL.endpoints, names: ['a-endpoints'] }],
  });
  expect(resource(TYPE_URL.cluster, message).version).toBe(made.version);
  expect(decode(CLUSTER, made.body)).toMatchObject({ name: 'a', type: 'EDS' });
});

test('the same content in Envoy’s JSON has the same version', () => {
  const object = resource(CLUSTER, {
    name: 'a',
    type: 'STATIC',
    connect_timeout: { seconds: 1, nanos: 500_000_000 },
    circuit_breakers: { thresholds: [{ max_requests: { value: 7 } }] },
  });
  const json = resourceFromJson(CLUSTER, {
    name: 'a',
    type: 'STATIC',
    connectTimeout: '1.5s',
    circuitBreakers: { thresholds: [{ maxRequests: 7 }] },
  });
  expect(json).toEqual(object);
});

test('an Any may be given as its fields', () => {
  const rds = { config_source: ADS, route_config_name: 'routes' };
  const typed_config = { '@type': MANAGER, stat_prefix: 'l', rds };
  const made = resource(TYPE_URL.listener, {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 80 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config,
          },
        ],
      },
    ],
  });
  expect(made.references).toEqual([{ typeUrl: TYPE_URL.route, names: ['routes'] }]);
});

test('the order of keys in a map does not matter', () => {
  const withKeys = (...keys: readonly string[]) =>
    resource(CLUSTER, {
      name: 'a',
      metadata: { filter_metadata: Object.fromEntries(keys.map((key) => [key, { fields: {} }])) },
    });
  expect(withKeys('x', 'y').version).toBe(withKeys('y', 'x').version);
});

test('an error names the resource, the field and its path', () => {
  const wrong: Record<string, unknown> = {
    name: 'a',
    lb_polcy: 'RANDOM',
    circuit_breakers: { thresholds: [{ max_requests: { value: 'many' } }] },
    type: 'EDSS',
    load_assignment: { cluster_name: 'a', endpoints: {} },
    transport_socket: { name: 't', typed_config: { '@type': 'type.googleapis.com/no.Such' } },
  };
  const problem = problemOf(() => resource(CLUSTER, wrong));
  expect(problem).toContain('envoy.config.cluster.v3.Cluster "a"');
  expect(problem).toContain('lb_polcy: no such field');
  expect(problem).toContain('did you mean "lb_policy"?');
  expect(problem).toContain('circuit_breakers.thresholds[0].max_requests.value: expected a whole number');
  expect(problem).toContain('type: expected one of');
  expect(problem).toContain('load_assignment.endpoints: expected a list');
  expect(problem).toContain(
    'transport_socket.typed_config.@type: Envoy has no type "type.googleapis.com/no.Such"',
  );
});

test('what Envoy would refuse by its rules is refused here', () => {
  const port = { address: '127.0.0.1', port_value: 70_000 };
  expect(
    problemOf(() =>
      resource(TYPE_URL.endpoints, {
        cluster_name: 'a',
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: port } } }] }],
      }),
    ),
  ).toContain('endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value: ');
  expect(problemOf(() => resource(CLUSTER, {}))).toContain('a name is needed');
  const both = { name: 'a', prefix: 'x', lb_policy: 'RANDOM', ttl: 1 } as Record<string, unknown>;
  expect(problemOf(() => resource(CLUSTER, both))).toContain('prefix: no such field');
  expect(problemOf(() => resource(CLUSTER, { name: 'a' }, { ttl: 0 }))).toContain(
    'ttl: expected milliseconds',
  );
  expect(problemOf(() => resourceFromJson('no.Such', {}))).toContain('there is no message type no.Such');
});

test('fields of a oneof exclude each other', () => {
  const route = { cluster: 'a', cluster_header: 'x-cluster' };
  const match = { prefix: '/' };
  const configuration = {
    name: 'r',
    virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ match, route }] }],
  };
  expect(problemOf(() => resource(TYPE_URL.route, configuration))).toContain(
    'virtual_hosts[0].routes[0].route.cluster_header: "cluster" and "cluster_header" exclude each other',
  );
});

test('bytes of any type are taken as they are', () => {
  const made = resourceFromBytes('type.googleapis.com/acme.Thing', 'x', Buffer.from('?'), { ttl: 1_500 });
  expect(made).toMatchObject({ name: 'x', references: [], ttl: 1_500 });
  expect(problemOf(() => resourceFromBytes('acme.Thing', 'x', Buffer.from('?')))).toContain(
    'a type URL is needed',
  );
  expect(problemOf(() => resourceFromBytes(TYPE_URL.cluster, 'x', Buffer.from([255])))).toContain(
    'no envoy.config.cluster.v3.Cluster',
  );
});

test('the references of routes and scoped routes are read', () => {
  const action = {
    weighted_clusters: {
      clusters: [
        { name: 'a', weight: { value: 1 } },
        { name: 'b', weight: { value: 1 } },
      ],
    },
    request_mirror_policies: [{ cluster: 'c' }],
  };
  const routes = [
    { match: { prefix: '/x' }, route: action },
    { match: { prefix: '/' }, route: { cluster: 'a' } },
    { match: { prefix: '/old' }, redirect: { path_redirect: '/' } },
  ];
  const made = resource(TYPE_URL.route, {
    name: 'r',
    virtual_hosts: [{ name: 'v', domains: ['*'], routes }],
  });
  expect(made.references).toEqual([{ typeUrl: TYPE_URL.cluster, names: ['a', 'b', 'c'] }]);
  const scope = { name: 's', route_configuration_name: 'r', key: { fragments: [{ string_key: 'k' }] } };
  const api_listener = {
    '@type': MANAGER,
    stat_prefix: 'l',
    scoped_routes: {
      name: 'scopes',
      scope_key_builder: { fragments: [{ header_value_extractor: { name: 'x', index: 0 } }] },
      rds_config_source: ADS,
      scoped_route_configurations_list: { scoped_route_configurations: [scope] },
    },
  };
  const listener = resource(TYPE_URL.listener, {
    name: 'l',
    api_listener: { api_listener },
  });
  expect(listener.references).toEqual([{ typeUrl: TYPE_URL.route, names: ['r'] }]);
});
