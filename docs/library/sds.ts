// Certificates by SDS, read again on SIGHUP: the listener stays as it is.
// node sds.js <xds address> <listener port> <certificate file> <key file>
import { readFileSync } from 'node:fs';
import { createServer, DEFAULT_GROUP, resourceFromJson, Snapshot, SnapshotCache, TYPE_URL } from 'signalbox';
import { certificateSecret } from 'signalbox/resources';

const [address = '127.0.0.1:18000', port = '10000', certificate = 'tls.crt', key = 'tls.key'] =
  process.argv.slice(2);

const secret = () =>
  certificateSecret('front', readFileSync(certificate, 'utf8'), readFileSync(key, 'utf8'));

// Envoy's own JSON, as its documentation shows it.
const filters = 'type.googleapis.com/envoy.extensions.filters';
const listener = resourceFromJson(TYPE_URL.listener, {
  name: 'https',
  address: { socket_address: { address: '127.0.0.1', port_value: Number(port) } },
  filter_chains: [
    {
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
          common_tls_context: {
            tls_certificate_sds_secret_configs: [
              { name: 'front', sds_config: { ads: {}, resource_api_version: 'V3' } },
            ],
          },
        },
      },
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
            stat_prefix: 'https',
            route_config: {
              virtual_hosts: [
                {
                  name: 'all',
                  domains: ['*'],
                  routes: [
                    {
                      match: { prefix: '/' },
                      direct_response: { status: 200, body: { inline_string: 'secret' } },
                    },
                  ],
                },
              ],
            },
            http_filters: [
              {
                name: 'envoy.filters.http.router',
                typed_config: { '@type': `${filters}.http.router.v3.Router` },
              },
            ],
          },
        },
      ],
    },
  ],
});

const cache = new SnapshotCache();
cache.setSnapshot(DEFAULT_GROUP, Snapshot.of([listener, secret()]));
const server = createServer({ cache });
console.log(`serving on ${await server.listen(address)}`);
process.on('SIGHUP', () => {
  const next = secret();
  cache.updateResources(DEFAULT_GROUP, new Map([[TYPE_URL.secret, new Map([[next.name, next]])]]));
});
process.once('SIGTERM', () => void server.stop());
