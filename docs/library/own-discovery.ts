// A registry of one's own, here a JSON document over HTTP: { "services": { "name": ["host:port", …] } }.
// node own-discovery.js <xds address> <listener port> <url of the document>
import { createServer, DEFAULT_GROUP, SnapshotCache } from 'signalbox';
import {
  Backoff,
  pause,
  publishServices,
  readInstance,
  SignalboxError,
  type Source,
  type SourceSink,
} from 'signalbox/discovery';
import { listenerResource, routeResource } from 'signalbox/resources';

const [address = '127.0.0.1:18000', listenerPort = '10000', url = 'http://127.0.0.1:8080/'] =
  process.argv.slice(2);

class JsonSource implements Source {
  readonly registry = 'json';
  readonly server = new URL(url).host;
  #known = new Set<string>();

  /** Says what there is after each answer. What has changed is worked out by who listens. */
  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        this.#tell(await (await fetch(url, { signal })).json(), sink);
        backoff.reset();
        await pause(200, signal);
      } catch (thrown) {
        // What was good before is served on.
        if (!signal.aborted) sink.failed(SignalboxError.from(thrown, 'registry_unreachable'));
        await pause(backoff.next(), signal);
      }
    }
  }

  #tell(document: unknown, sink: SourceSink): void {
    const { services } = document as { services: Record<string, string[]> };
    for (const [service, addresses] of Object.entries(services)) {
      // One entry that makes no sense costs itself alone.
      const read = addresses.map((entry) => {
        const [host = '', port = ''] = entry.split(':');
        return readInstance({ host, port, metadata: {} }, 1);
      });
      sink.set(
        { service },
        {
          instances: read.flatMap(({ instance }) => instance ?? []),
          filtered: read.flatMap(({ filtered }) => filtered ?? []),
        },
      );
    }
    for (const gone of this.#known) if (!(gone in services)) sink.set({ service: gone }, undefined);
    this.#known = new Set(Object.keys(services));
    sink.synced();
  }
}

const cache = new SnapshotCache();
const life = new AbortController();
const server = createServer({ cache });
console.log(`serving on ${await server.listen(address)}`);
process.once('SIGTERM', () => {
  life.abort();
  void server.stop();
});

await publishServices({
  sources: [new JsonSource()],
  cache,
  group: DEFAULT_GROUP,
  signal: life.signal,
  beside: [
    listenerResource({ name: 'http', address: { host: '127.0.0.1', port: Number(listenerPort) } }),
    routeResource('http', [{ match: { prefix: '/' }, service_name: 'backend' }]),
  ],
});
