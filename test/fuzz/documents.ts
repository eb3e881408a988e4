import fc from 'fast-check';
import { ApisixTable } from '../../src/documents/apisix/table.js';
import { DocumentSet } from '../../src/documents/document-set.js';
import type { DocumentTable } from '../../src/documents/document-table.js';
import { SignalboxTable } from '../../src/documents/signalbox/table.js';
import { toJson } from '../../src/protobuf/json.js';
import { clusterPolicy } from '../../src/publish/policy.js';
import { clusterResource } from '../../src/resources/cluster.js';
import { RouteConfigurations } from '../../src/resources/route/configuration.js';
import { type FuzzTarget, target } from './target.js';
import { anything, jsonOf, list, roughly } from './values.js';

const name = fc.constantFrom('one', 'two', '__proto__', 'é');
const path = fc.constantFrom('/', '/a', '/a/*', '/b/');
const struct = roughly({ a: anything, b: roughly({ c: anything }) });
const envoy = roughly({
  metadata: roughly({ filter_metadata: roughly({ x: struct }) }),
  typed_per_filter_config: roughly({
    lua: roughly({ '@type': fc.constant('type.googleapis.com/google.protobuf.Struct'), value: struct }),
  }),
});
const textMatch = roughly({ exact: name, regex: fc.constantFrom('a+', '('), present: fc.boolean() });
const route = roughly({
  match: roughly({ prefix: path, path, headers: roughly({ a: textMatch }), methods: list(name, 2) }),
  ...{ service_name: name, hosts: list(name, 2), timeout: anything, rewrite: anything, headers: anything },
  envoy: envoy,
});
const policy = roughly({ connect_timeout: anything, lb_policy: anything, health_check: anything, envoy });
const upstream = roughly({
  nodes: fc.oneof(
    roughly({ '10.0.0.1:80': fc.nat() }),
    list(roughly({ host: name, port: fc.nat(), metadata: struct })),
  ),
  ...{ type: fc.constantFrom('roundrobin', 'least_conn'), timeout: anything, retries: anything },
});
const apisixRoute = roughly({
  ...{ uri: path, uris: list(path, 2), hosts: list(name, 2), methods: list(name, 2), priority: fc.nat() },
  ...{
    upstream,
    upstream_id: name,
    service_id: name,
    timeout: anything,
    labels: struct,
    status: fc.constantFrom(0, 1),
  },
  plugins: roughly({
    'proxy-rewrite': roughly({ uri: path, headers: anything, regex_uri: list(path, 2) }),
    redirect: roughly({ uri: path, ret_code: anything }),
  }),
});
const apisixService = roughly({ upstream, upstream_id: name, plugins: anything, hosts: list(name, 2) });

/** The documents of a store, one after the other; what comes of them is published, and a good one is in force. */
function check(table: DocumentTable, good: string, documents: readonly (readonly [string, string])[]): void {
  const set = new DocumentSet();
  for (const [key, text] of [...documents, ['routes/good', good] as const]) {
    table.change(key, text);
    set.apply('store', table.take(), false);
  }
  const routes = set.routes();
  if (routes.find(({ id }) => id === 'routes/good')?.rules.length !== 1)
    throw new Error('a good document is lost');
  const policies = set.policies();
  for (const { rejected } of [...routes, ...policies])
    if (rejected !== undefined && (rejected === '' || rejected.length > 2_000 || /\p{Cc}/u.test(rejected)))
      throw new Error(`a reason that cannot be shown: ${rejected}`);
  const shown = new RouteConfigurations()
    .build(
      ['http'],
      routes.flatMap(({ rules }) => rules),
    )
    .map(({ body }) => toJson('envoy.config.route.v3.RouteConfiguration', body));
  const clusters = policies.map(({ service, policy }) =>
    toJson('envoy.config.cluster.v3.Cluster', clusterResource(service, [], clusterPolicy([policy], [])).body),
  );
  // How JSON writes half of a surrogate pair: Envoy refuses all routes for it.
  if (/(?<!\\)\\ud[89a-f]/.test(JSON.stringify([shown, clusters])))
    throw new Error('what is published is no Unicode');
}

/** What stores of documents hold, which many may write to. */
export const DOCUMENTS: readonly FuzzTarget[] = [
  target(
    "Signalbox's documents",
    fc.array(
      fc.oneof(
        fc.tuple(fc.constantFrom('routes/a', 'routes/b/c'), jsonOf(route)),
        fc.tuple(fc.constantFrom('services/a', 'services/%00', 'services/%'), jsonOf(policy)),
      ),
      { maxLength: 3 },
    ),
    (documents) =>
      check(new SignalboxTable(''), '{"match":{"prefix":"/good"},"service_name":"good"}', documents),
  ),
  target(
    "APISIX's documents",
    fc.array(
      fc.oneof(
        fc.tuple(fc.constantFrom('routes/a', 'routes/b'), jsonOf(apisixRoute)),
        fc.tuple(fc.constantFrom('upstreams/one', 'upstreams/two'), jsonOf(upstream)),
        fc.tuple(fc.constantFrom('services/one', 'services/__proto__'), jsonOf(apisixService)),
      ),
      { maxLength: 4 },
    ),
    (documents) =>
      check(new ApisixTable(''), '{"uri":"/good","upstream":{"nodes":{"10.0.0.9:80":1}}}', documents),
  ),
];
