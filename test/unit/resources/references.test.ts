import { expect, test } from 'vitest';
import { resourceFromJson } from '../../../src/resources/given.js';
import { referencesOf } from '../../../src/resources/references.js';
import type { References } from '../../../src/snapshot/resource.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { exampleNames, readExample } from '../../support/examples.js';

const resources = exampleNames().flatMap((name) => readExample(name).resources);
const sorted = (references: References) =>
  references.map(({ typeUrl, names }) => `${typeUrl} ${[...names].sort().join(' ')}`).sort();
const ofType = (typeUrl: string) => resources.filter((resource) => resource.typeUrl === typeUrl);

test.each([
  ['clusters', TYPE_URL.cluster],
  ['listeners', TYPE_URL.listener],
  ['route configurations', TYPE_URL.route],
  ['load assignments', TYPE_URL.endpoints],
])('of all %s in the examples the references are read back from the wire', (_, typeUrl) => {
  const all = ofType(typeUrl);
  expect(all.length).toBeGreaterThan(10);
  for (const { name, body, references } of all)
    expect([name, sorted(referencesOf(typeUrl, body))]).toEqual([name, sorted(references)]);
});

test('bytes that are no such message are an error', () => {
  expect(() => referencesOf(TYPE_URL.cluster, Buffer.from([255, 255]))).toThrow('no envoy.config.cluster');
});

const { cluster, endpoints, listener, route, scopedRoute, secret, extensionConfig } = TYPE_URL;
const ads = { ads: {}, resource_api_version: 'V3' };
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const MANAGER =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const downstream = {
  name: 'tls',
  typed_config: {
    '@type': `${TLS}.DownstreamTlsContext`,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [{ name: 'server', sds_config: ads }, { name: 'in the bootstrap' }],
      combined_validation_context: {
        default_validation_context: {},
        validation_context_sds_secret_config: { name: 'clients', sds_config: ads },
      },
    },
  },
};
const address = { socket_address: { address: '127.0.0.1', port_value: 1 } };
const discovered = { config_source: ads, type_urls: ['type.googleapis.com/acme.Filter'] };

test.each([
  [
    'a listener: route configuration, secrets, and extension configurations of each kind of filter',
    listener,
    {
      name: 'l',
      address,
      listener_filters: [{ name: 'inspector', config_discovery: discovered }],
      filter_chains: [
        {
          transport_socket: downstream,
          filters: [
            { name: 'network', config_discovery: discovered },
            {
              name: 'http',
              typed_config: {
                '@type': MANAGER,
                stat_prefix: 'x',
                rds: { route_config_name: 'r', config_source: ads },
                http_filters: [{ name: 'wasm', config_discovery: discovered }],
              },
            },
          ],
        },
      ],
    },
    [
      { typeUrl: extensionConfig, names: ['inspector', 'network', 'wasm'] },
      { typeUrl: route, names: ['r'] },
      { typeUrl: secret, names: ['server', 'clients'] },
    ],
  ],
  [
    'a cluster: load assignment, and the secrets of each of its transport sockets',
    cluster,
    {
      name: 'c',
      type: 'EDS',
      eds_cluster_config: { eds_config: ads },
      transport_socket_matches: [
        {
          name: 'm',
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': `${TLS}.UpstreamTlsContext`,
              common_tls_context: { validation_context_sds_secret_config: { name: 'ca', sds_config: ads } },
            },
          },
        },
      ],
    },
    [
      { typeUrl: endpoints, names: ['c'] },
      { typeUrl: secret, names: ['ca'] },
    ],
  ],
  [
    'a scope: its route configuration',
    scopedRoute,
    { name: 's', route_configuration_name: 'r', key: { fragments: [{ string_key: 'k' }] } },
    [{ typeUrl: route, names: ['r'] }],
  ],
  [
    'an extension configuration: the secrets of a filter that only the large descriptor knows',
    extensionConfig,
    {
      name: 'credentials',
      typed_config: {
        '@type':
          'type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector',
        credential: {
          name: 'generic',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic',
            credential: { name: 'token', sds_config: ads },
          },
        },
      },
    },
    [{ typeUrl: secret, names: ['token'] }],
  ],
  ['a load assignment: nothing', endpoints, { cluster_name: 'c' }, []],
])('%s', (_, typeUrl, json, expected) => {
  expect(sorted(resourceFromJson(typeUrl, json).references)).toEqual(sorted(expected));
});
