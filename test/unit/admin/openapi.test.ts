import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_PATHS, type ApiPath } from '../../../src/admin/openapi/paths.js';
import { openApi } from '../../../src/admin/openapi.js';
import { type AdminSubject, adminRoutes } from '../../../src/admin/routes.js';
import type { PlacedFailure } from '../../../src/catalogue/catalogue.js';
import type { ServiceView } from '../../../src/catalogue/service-view.js';
import { failing, waiting } from '../../../src/catalogue/source-status.js';
import { SignalboxError } from '../../../src/errors.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { LoadBook } from '../../../src/telemetry/load/load-book.js';
import { instanceAt } from '../../support/instances.js';

const place = { registry: 'kv', server: 'http://127.0.0.1:8500' };
const users: ServiceView = {
  name: 'users',
  registries: ['kv'],
  instances: [{ ...instanceAt('10.0.0.1:80', { health: 'DEGRADED', remarks: ['odd'] }), ...place }],
  filtered: [{ address: 'x', reason: 'bad_value', detail: 'no JSON', ...place }],
};
const snapshot = Snapshot.of([
  makeResource(TYPE_URL.cluster, 'users', Buffer.alloc(0)),
  makeResource(TYPE_URL.endpoints, 'users', Buffer.alloc(0)),
  makeResource(TYPE_URL.route, 'http', Buffer.alloc(0), ['users']),
]);
const refused = { version: 'v', message: 'no' };
const failure: PlacedFailure = {
  ...{ key: { service: 'users', group: 'g' }, ...place },
  ...{ code: 'registry_timeout', message: 'late', since: 1 },
};
const subject: AdminSubject = {
  unready: () => undefined,
  secrets: () => [],
  serviceNames: () => ['users'],
  service: (name) => (name === 'users' ? users : undefined),
  served: (view) => view?.instances ?? [],
  remarks: () => ['a remark'],
  routed: () => true,
  skippedBy: () => [],
  failures: () => new Map([['users', [failure]]]),
  heldOf: () => [{ ...place, since: 0, until: 1, addresses: ['10.0.0.2:80'] }],
  sources: () => [
    waiting('kv', 'a'),
    {
      ...failing(waiting('kv', 'b'), new SignalboxError('registry_timeout', 'slow'), 1),
      ...{ lastSuccess: 1, revision: '7', held: { services: 1, instances: 2, since: 1, until: 2 } },
      failingServices: { count: 1, first: [failure], failures: 1 },
    },
  ],
  release: (registry) => (registry === 'kv' ? 1 : undefined),
  rollback: (version) => version === 'v1',
  unpin: () => true,
  releaseStatus: () => ({
    pinned: 'v1',
    quarantined: [
      {
        ...{ typeUrl: TYPE_URL.endpoints, name: 'users', version: 'v2', served: 'v1', message: 'no' },
        ...{ group: 'default', node: 'edge', since: 1, state: 'rejected' },
      },
    ],
    heldBack: [
      {
        ...{ group: 'default', node: 'odd', reason: 'cannot_bind', typeUrl: TYPE_URL.listener },
        ...{ names: ['http'], message: 'taken', since: 1 },
      },
    ],
    inconsistent: [
      { typeUrl: TYPE_URL.route, name: 'http', missing: { typeUrl: TYPE_URL.cluster, name: 'users' } },
    ],
    rollout: { due: 1 },
  }),
  routes: () => [
    {
      ...{ id: 'routes[0]', source: 'file' },
      rules: [{ name: 'front', match: { prefix: '/shop' }, service_name: 'users' }],
    },
    { id: '/routes/2', source: 'etcd', rules: [], rejected: 'no JSON' },
  ],
  policyDocuments: () => [{ id: '/p/1', source: 'etcd', service: 'users', rejected: 'no JSON' }],
  consumerDocuments: () => [],
  proxies: async () => [
    {
      node: { id: 'edge', cluster: 'c', locality: { region: '', zone: '', sub_zone: '' }, version: '1' },
      ...{ group: 'default', peer: '127.0.0.1:9', variant: 'delta', worker: 1 },
      connected_since: new Date(0).toISOString(),
      types: {
        CDS: {
          ...{ status: 'ERROR', subscribed: '*', version_sent: 'v', version_acknowledged: '' },
          ...{ outstanding: 1, rejected: [{ resource: 'users', ...refused }] },
        },
      },
    },
  ],
  proxyStatuses: async (resources) =>
    resources.map(() => [{ node: 'edge', peer: '127.0.0.1:9', status: 'ERROR', refused }]),
  history: () => [{ group: 'default', at: 1, snapshot, previous: Snapshot.EMPTY }],
  watch: () => undefined,
  latency: () => [{ at: 1, registry: 'kv', seconds: 0.02 }],
  snapshot: () => snapshot,
  load: new LoadBook({ knows: () => true, addresses: () => undefined }, []),
  metrics: { contentType: 'text/plain', text: async () => 'a 1\n' },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'openapi-'));
  for (const file of ['index.html', 'page.js', 'page.css']) writeFileSync(join(folder, file), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const app = () =>
  adminRoutes(subject, {
    logger: pino({ level: 'silent' }),
    token: () => undefined,
    page: pathToFileURL(`${folder}/`),
  });

/** What stands in the place of `{…}` and of queries. */
const asked = ({ path }: ApiPath) =>
  path
    .replace('{name}', 'users')
    .replace('{registry}', 'kv')
    .replace('{version}', 'v1')
    .replace(/^\/explain$/, '/explain?q=users');

describe('the description of the admin API', () => {
  test('names every route, and none that there is not', () => {
    const served = app()
      .routes.filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
    const told = API_PATHS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...new Set(served)].sort()).toEqual([...told].sort());
  });

  test.each(API_PATHS.filter(({ path }) => path !== '/load/{name}'))(
    '$method $path answers as it says',
    async (path) => {
      const response = await app().request(asked(path), { method: path.method.toUpperCase() });
      expect(response.status).toBe(200);
      if (typeof path.answer === 'string') {
        expect(response.headers.get('content-type')).toContain(path.answer);
        await response.body?.cancel();
      } else path.answer.parse(await response.json());
    },
  );

  test('an explanation of a route, by name, by path, by place', async () => {
    const answer = API_PATHS.find(({ path }) => path === '/explain')?.answer;
    for (const [query, id] of [
      ['front', 'routes[0]'],
      ['/shop/cart', 'routes[0]'],
      ['/routes/2', '/routes/2'],
    ]) {
      const response = await app().request(`/explain?q=${encodeURIComponent(String(query))}`);
      const body = (await response.json()) as { readonly routes: readonly object[] };
      if (answer !== undefined && typeof answer !== 'string') answer.parse(body);
      expect(body.routes).toMatchObject([{ id }]);
    }
    const front = await (await app().request('/explain?q=front')).json();
    expect(front).toMatchObject({
      services: [],
      routes: [
        {
          ...{ state: 'in_force', services: ['users'], rule: { match: { prefix: '/shop' } } },
          resources: [{ type: 'RDS', name: 'http', proxies: [{ node: 'edge', refused: { message: 'no' } }] }],
          release: { pinned: 'v1', inconsistent: [{ type: 'RDS', name: 'http' }] },
        },
      ],
    });
    expect((await app().request('/explain?q=/shopping')).status).toBe(404);
  });

  test('an explanation tells what is held back, quarantined, and what has happened', async () => {
    const body = await (await app().request('/explain?q=users')).json();
    expect(body).toMatchObject({
      services: [
        {
          held: [{ registry: 'kv', addresses: ['10.0.0.2:80'] }],
          release: { quarantined: [{ type: 'EDS', message: 'no' }] },
          history: [
            {
              changes: [
                { type: 'CDS', change: 'added' },
                { type: 'EDS', change: 'added' },
              ],
            },
          ],
        },
      ],
    });
  });

  test('is a document of OpenAPI 3.1 in JSON, also behind the API itself', async () => {
    const served = await (await app().request('/openapi.json')).json();
    expect(served).toEqual(JSON.parse(JSON.stringify(openApi())));
    expect(served).toMatchObject({
      openapi: '3.1.0',
      paths: { '/explain': { get: { parameters: [{ name: 'q' }] } } },
    });
  });

  test('the page lets nothing in from elsewhere; a link on another site opens it', async () => {
    const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const headers = { ...navigation, 'sec-fetch-dest': 'document' };
    const response = await app().request('/', { headers });
    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });
});

test('a defect is in the log, not in the answer', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const broken = adminRoutes(
    {
      ...subject,
      sources: () => {
        throw new Error('a secret defect');
      },
    },
    { logger, token: () => undefined, page: pathToFileURL(`${folder}/`) },
  );
  const response = await broken.request('/registries');
  expect([response.status, await response.text()]).toEqual([500, '{"error":"internal error"}']);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    path: '/registries',
    msg: 'the admin API failed: a secret defect',
  });
});
