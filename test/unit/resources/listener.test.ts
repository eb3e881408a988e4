import { expect, test } from 'vitest';
import { toJson } from '../../../src/protobuf/json.js';
import { listenerResource } from '../../../src/resources/listener/listener.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

test('an HTTP listener takes its routes by RDS under its own name', () => {
  const resource = listenerResource({ name: 'http', address: { host: '::', port: 10_000 } });
  expect(resource).toMatchObject({
    typeUrl: TYPE_URL.listener,
    name: 'http',
    references: [{ typeUrl: TYPE_URL.route, names: ['http'] }],
  });
  const type = 'type.googleapis.com/envoy.extensions.filters';
  expect(toJson('envoy.config.listener.v3.Listener', resource.body)).toEqual({
    name: 'http',
    address: { socket_address: { address: '::', port_value: 10_000 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: 'http',
              rds: {
                route_config_name: 'http',
                config_source: { ads: {}, resource_api_version: 'V3' },
              },
              normalize_path: true,
              merge_slashes: true,
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': `${type}.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  });
});
