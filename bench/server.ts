// Signalbox as the load generator meets it: the catalogue, publisher, cache and xDS server of the product, fed by a
// source that POST /update?service=i&weight=w and the lines of POST /updates speak for. Compiled by the product's own compiler options.
// node server.js SERVICES ENDPOINTS GRPC_ADDRESS HTTP_PORT [WORKERS]
import { createServer, type IncomingMessage } from 'node:http';
import { Catalogue } from '../src/catalogue/catalogue.js';
import { GroupFanOut } from '../src/groups/group-fan-out.js';
import { Plan } from '../src/publish/plan.js';
import { Publisher } from '../src/publish/publisher.js';
import { toGroup } from '../src/publish/target.js';
import { SnapshotCache } from '../src/snapshot/cache.js';
import { createLogger } from '../src/telemetry/logger.js';
import { LocalProxyServer } from '../src/workers/proxy-server.js';
import { WorkerPool } from '../src/workers/worker-pool.js';
import { configOf, instancesOf, SOURCE, serviceName } from './fixture.js';
import { LoopWatch } from './loop-watch.js';
import type { ServerStats } from './server-stats.js';

const [services, endpoints, grpcAddress, httpPort, workers = '0'] = process.argv.slice(2);
const serviceCount = Number(services);
const endpointCount = Number(endpoints);

const logger = createLogger('info');
const life = new AbortController();
const catalogue = new Catalogue({ logger });
const cache = new SnapshotCache();
const config = configOf(serviceCount);
const { delay, max_delay: maxDelay } = config.publish;
const groups = new GroupFanOut({}, (group) => toGroup(cache, group));
const publisher = new Publisher(
  catalogue,
  new Plan(config),
  groups,
  { delay, maxDelay, logger },
  life.signal,
);
catalogue.onChange((names) => publisher.changed(names));
const rules = { serviceTemplate: '{service}', skipped: () => false };
const sink = catalogue.setSources([{ source: SOURCE, rules }]).get(SOURCE);

function tell(service: number, weight?: number): void {
  const instances = instancesOf(service, endpointCount, weight);
  sink?.set({ service: serviceName(service) }, { instances, filtered: [] });
}

for (let service = 0; service < serviceCount; service += 1) tell(service);
sink?.synced();

const options = { identifier: 'bench', admission: { allow: undefined, groups: {} }, logger };
const server =
  Number(workers) === 0
    ? new LocalProxyServer(cache, options)
    : new WorkerPool(cache, Number(workers), {
        ...options,
        acknowledgements: { reached: () => {}, gone: () => {} },
        answers: { told: () => {} },
        load: () => {},
        loadReports: { interval: 10_000, endpoints: false },
      });
await server.listen(String(grpcAddress));

const eventLoop = new LoopWatch();

async function stats(): Promise<ServerStats> {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    event_loop: eventLoop.stats,
    memory: { used_mb: (heapUsed + external) / 2 ** 20, rss_mb: rss / 2 ** 20 },
    streams: (await server.proxies()).length,
  };
}

/** A change a line, "SERVICE WEIGHT"; what arrives together is one answer of the registry. */
function takeLines(request: IncomingMessage): void {
  let rest = '';
  request.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [service, weight] = line.split(' ').map(Number);
      if (service !== undefined) tell(service, weight);
    }
    sink?.synced();
  });
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST' && pathname === '/update') {
    tell(Number(searchParams.get('service')), Number(searchParams.get('weight')));
    sink?.synced();
    response.end();
  } else if (request.method === 'POST' && pathname === '/updates') {
    takeLines(request);
  } else if (pathname === '/stats') {
    stats().then(
      (told) => response.end(JSON.stringify(told)),
      (thrown: unknown) => response.writeHead(500).end(String(thrown)),
    );
    if (searchParams.has('reset')) eventLoop.reset();
  } else {
    response.writeHead(404).end();
  }
}).listen(Number(httpPort), '127.0.0.1');

// An exit of its own, at which Node writes a CPU profile.
process.once('SIGTERM', () => process.exit());
