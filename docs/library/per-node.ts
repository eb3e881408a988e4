// A snapshot for each group of proxies: those of the cluster "canary" get another answer than all others.
// node per-node.js <xds address> <listener port of canaries> <listener port of the others>
import { createServer, pack, resource, Snapshot, SnapshotCache, TYPE_URL } from 'signalbox';

const [address = '127.0.0.1:18000', canaryPort = '10001', stablePort = '10002'] = process.argv.slice(2);

/** A listener that answers by itself, as plain objects typed from Envoy's protos. */
function answering(port: number, text: string): Snapshot {
  const manager = pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'http',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: text } } },
          ],
        },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}),
      },
    ],
  });
  return Snapshot.of([
    resource(TYPE_URL.listener, {
      name: 'http',
      address: { socket_address: { address: '127.0.0.1', port_value: port } },
      filter_chains: [
        { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
      ],
    }),
  ]);
}

const cache = new SnapshotCache();
cache.setSnapshot('canary', answering(Number(canaryPort), 'canary'));
cache.setSnapshot('stable', answering(Number(stablePort), 'stable'));

const server = createServer({
  cache,
  group: (node) => (node.cluster === 'canary' ? 'canary' : 'stable'),
  callbacks: {
    streamClosed: ({ peer }) => console.log(`${peer} has left`),
  },
});
console.log(`serving on ${await server.listen(address)}`);
process.once('SIGTERM', () => void server.stop());
