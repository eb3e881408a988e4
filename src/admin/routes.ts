import type { Hono } from 'hono';
import type { ConsumerDocument, PolicyDocument } from '../documents/documents.js';
import { messageOf } from '../errors.js';
import type { SecretStatus } from '../secrets/secret-store.js';
import type { LoadBook } from '../telemetry/load/load-book.js';
import type { LatencyObservation } from '../telemetry/metrics/recent-latency.js';
import { type AdminActions, actionRoutes } from './actions.js';
import { type AdminApiOptions, adminApi, type Readiness, type Unready } from './api.js';
import { certificateView } from './certificates.js';
import { ConfigDumps } from './config-dump.js';
import { discoveryDump } from './discovery-dump.js';
import { EventFeed, type EventSubject } from './event-feed.js';
import { EventStreams } from './event-streams.js';
import { type ExplainSubject, explain } from './explain.js';
import { json, jsonBytes } from './json.js';
import { loadDetail, loadList, loadOrder } from './load.js';
import { openApi } from './openapi.js';
import { pageRoutes } from './page.js';
import { registryView } from './registries.js';
import { type RestoredView, releaseView } from './release.js';
import { consumerView, policyView, routeView } from './route-documents.js';
import { serviceDetail, serviceSummary } from './services.js';
import { snapshotDiff, snapshotList } from './snapshots.js';

/** What `/metrics` answers. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

const BAD_ORDER = 'sort: expected errors, requests or latency';

/** What the admin API shows, and what can be done through it. */
export interface AdminSubject extends ExplainSubject, EventSubject, AdminActions {
  /** Undefined once everything has been published. */
  readonly unready: () => Unready | undefined;
  /** The certificates of listeners. */
  readonly secrets: () => readonly SecretStatus[];
  readonly policyDocuments: () => readonly PolicyDocument[];
  readonly consumerDocuments: () => readonly ConsumerDocument[];
  /** Undefined where what the registries say is served. */
  readonly restored?: () => RestoredView | undefined;
  /** The last changes and how long they took to the proxies, oldest first. */
  readonly latency: () => readonly LatencyObservation[];
  /** What proxies have reported. */
  readonly load: LoadBook;
  /** What Prometheus scrapes. */
  readonly metrics: MetricsText;
}

export interface AdminOptions extends AdminApiOptions {
  /** The folder that holds the page. */
  readonly page: URL;
}

export function adminRoutes(subject: AdminSubject, options: AdminOptions): Hono {
  return adminApi(
    options,
    () => readinessOf(subject),
    (app) => addRoutes(app, subject, options),
  );
}

function readinessOf({ unready, restored }: AdminSubject): Readiness {
  const missing = unready();
  if (missing !== undefined) return { ready: false, ...missing };
  const view = restored?.();
  return { ready: true, detail: view === undefined ? {} : { restored: view } };
}

function addRoutes(app: Hono, subject: AdminSubject, { logger, page, token }: AdminOptions): void {
  const events = new EventStreams(
    new EventFeed(subject, (thrown) =>
      logger.error({ err: thrown }, `cannot look what has changed: ${messageOf(thrown)}`),
    ),
  );
  const dumps = new ConfigDumps(() => subject.snapshot());
  app.route('/', pageRoutes(page));
  app.get('/openapi.json', (c) => json(c, openApi()));
  app.get('/events', (c) => events.answer(c, token));
  app.get('/latency', (c) =>
    json(c, {
      observations: subject.latency().map(({ at, ...rest }) => ({ at: new Date(at).toISOString(), ...rest })),
    }),
  );
  app.get('/services', (c) => {
    const names = [...subject.serviceNames()].sort();
    const failures = subject.failures();
    const services = names.map((name) => {
      const view = subject.service(name);
      return serviceSummary({ name, view, served: subject.served(view), failures: failures.get(name) ?? [] });
    });
    return json(c, { services });
  });
  app.get('/services/:name{.+}', (c) => {
    const name = c.req.param('name');
    const view = subject.service(name);
    if (view === undefined && !new Set(subject.serviceNames()).has(name)) {
      return json(c, { error: `no registry and no route knows a service "${name}"` }, 404);
    }
    const failures = subject.failures().get(name) ?? [];
    return json(c, serviceDetail({ name, view, served: subject.served(view), failures }));
  });
  app.get('/registries', (c) => json(c, { registries: subject.sources().map(registryView) }));
  app.get('/v1/discovery/:registry/dump', (c) => {
    const registry = c.req.param('registry');
    const dump = discoveryDump(registry, subject);
    return dump === undefined ? json(c, { error: `there is no registry "${registry}"` }, 404) : json(c, dump);
  });
  app.get('/certificates', (c) => json(c, { certificates: subject.secrets().map(certificateView) }));
  app.get('/routes', (c) =>
    json(c, {
      routes: subject.routes().map(routeView),
      policies: subject.policyDocuments().map(policyView),
      consumers: subject.consumerDocuments().map(consumerView),
    }),
  );
  app.get('/proxies', async (c) => json(c, { proxies: await subject.proxies() }));
  app.get('/explain', async (c) => {
    const query = c.req.query('q') ?? '';
    if (query === '')
      return json(
        c,
        { error: 'ask as /explain?q= with the name of a service, HOST:PORT, or the name or path of a route' },
        400,
      );
    const explanation = await explain(query, subject);
    return json(c, explanation, 'error' in explanation ? 404 : 200);
  });
  app.get('/snapshots', (c) => {
    const back = c.req.query('back') ?? '1';
    if (!/^[1-9]\d{0,5}$/.test(back)) return json(c, { error: 'back: expected a number of changes' }, 400);
    const history = subject.history();
    return json(c, {
      snapshots: snapshotList(history),
      diff: snapshotDiff(history, Number(back)) ?? null,
    });
  });
  app.get('/load', (c) => {
    const order = loadOrder(c.req.query('sort') ?? 'errors');
    if (order === undefined) return json(c, { error: BAD_ORDER }, 400);
    return json(c, loadList(subject.load, order, c.req.query('service') ?? ''));
  });
  app.get('/load/:name{.+}', (c) => {
    const order = loadOrder(c.req.query('sort') ?? 'errors');
    if (order === undefined) return json(c, { error: BAD_ORDER }, 400);
    const name = c.req.param('name');
    const load = loadDetail(subject.load, order, name);
    return load === undefined
      ? json(c, { error: `no proxy has reported any traffic of a service "${name}"` }, 404)
      : json(c, load);
  });
  app.get('/metrics', async (c) =>
    c.text(await subject.metrics.text(), 200, { 'content-type': subject.metrics.contentType }),
  );
  app.get('/release', (c) => json(c, releaseView(subject.releaseStatus(), subject.restored?.())));
  app.get('/config_dump', async (c) => jsonBytes(c, await dumps.current()));
  app.route('/', actionRoutes(subject));
}
