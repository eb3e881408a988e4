// A fixed set of resources for every proxy: a listener, its routes, a cluster and its endpoints.
// node static.js <xds address> <listener port> <backend port>
import { createServer, DEFAULT_GROUP, inconsistencies, Snapshot, SnapshotCache } from 'signalbox';
import { clusterResource, endpointsResource, listenerResource, routeResource } from 'signalbox/resources';

const [address = '127.0.0.1:18000', listenerPort = '10000', backendPort = '8080'] = process.argv.slice(2);

const instances = [{ host: '127.0.0.1', port: Number(backendPort), weight: 1, metadata: {} }];
const snapshot = Snapshot.of([
  listenerResource({ name: 'http', address: { host: '127.0.0.1', port: Number(listenerPort) } }),
  routeResource('http', [{ match: { prefix: '/' }, service_name: 'backend' }]),
  clusterResource('backend', instances, { connectTimeout: 1_000, lbPolicy: 'ROUND_ROBIN' }),
  endpointsResource('backend', instances),
]);

// A route to a cluster that is not there, and its like: better found here than by a proxy.
for (const { name, missing } of inconsistencies(snapshot)) throw new Error(`${name} refers to ${missing.name}`);

const cache = new SnapshotCache();
cache.setSnapshot(DEFAULT_GROUP, snapshot);
const server = createServer({ cache });
console.log(`serving on ${await server.listen(address)}`);
process.once('SIGTERM', () => void server.stop());
