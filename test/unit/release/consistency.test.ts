import { expect, test } from 'vitest';
import { inconsistencies } from '../../../src/release/consistency.js';
import { ADS } from '../../../src/resources/cluster.js';
import { resource } from '../../../src/resources/given.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

const MANAGER =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const rds = { rds: { config_source: ADS, route_config_name: 'r' } };
const scopes = {
  scoped_routes: {
    name: 'scopes',
    scope_key_builder: { fragments: [{ header_value_extractor: { name: 'x', index: 0 } }] },
    rds_config_source: ADS,
    scoped_route_configurations_list: {
      scoped_route_configurations: [
        { name: 's', route_configuration_name: 'r', key: { fragments: [{ string_key: 'k' }] } },
      ],
    },
  },
};

function listener(routing: object) {
  const typed_config = { '@type': MANAGER, stat_prefix: 'l', ...routing };
  const socket_address = { address: '127.0.0.1', port_value: 80 };
  return resource(TYPE_URL.listener, {
    name: 'l',
    address: { socket_address },
    filter_chains: [{ filters: [{ name: 'http', typed_config }] }],
  });
}

const routes = resource(TYPE_URL.route, {
  name: 'r',
  virtual_hosts: [
    { name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] },
  ],
});
const cluster = resource(TYPE_URL.cluster, {
  name: 'c',
  type: 'EDS',
  eds_cluster_config: { eds_config: ADS, service_name: 'e' },
});
const endpoints = resource(TYPE_URL.endpoints, { cluster_name: 'e' });

test('a snapshot whose references all lead somewhere is consistent', () => {
  expect(inconsistencies(Snapshot.of([listener(rds), routes, cluster, endpoints]))).toEqual([]);
});

test.each([
  [
    'a route configuration',
    [listener(rds), cluster, endpoints],
    [TYPE_URL.listener, 'l', TYPE_URL.route, 'r'],
  ],
  ['a cluster', [listener(rds), routes], [TYPE_URL.route, 'r', TYPE_URL.cluster, 'c']],
  ['a load assignment', [cluster], [TYPE_URL.cluster, 'c', TYPE_URL.endpoints, 'e']],
])(
  'each reference that leads nowhere is named: %s',
  (_, resources, [typeUrl, name, missingType, missing]) => {
    expect(inconsistencies(Snapshot.of(resources))).toEqual([
      { typeUrl, name, missing: { typeUrl: missingType, name: missing } },
    ]);
  },
);

test('scoped routes that stand in the listener count', () => {
  expect(inconsistencies(Snapshot.of([listener(scopes), routes, cluster, endpoints]))).toEqual([]);
  expect(inconsistencies(Snapshot.of([listener(scopes)]))).toMatchObject([{ missing: { name: 'r' } }]);
});

test('what nothing refers to is no inconsistency', () => {
  expect(inconsistencies(Snapshot.of([endpoints]))).toEqual([]);
});
