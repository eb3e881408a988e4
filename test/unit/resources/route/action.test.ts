import { expect, test } from 'vitest';
import type { RouteRule } from '../../../../src/model/route.js';
import { decode, encode } from '../../../../src/protobuf/messages.js';
import { envoyRoute } from '../../../../src/resources/route/action.js';

const ROUTE = 'envoy.config.route.v3.Route';
const match = { prefix: '/' };
/** Through the encoder, so that a value that the protos do not know would be lost. */
const built = (rule: Omit<RouteRule, 'match'>) => {
  const { match: _match, ...rest } = decode(ROUTE, encode(ROUTE, envoyRoute({ match, ...rule })));
  return rest;
};

test('to one service, or to several by weight', () => {
  expect(built({ name: 'r', service_name: 'web' })).toEqual({ name: 'r', route: { cluster: 'web' } });
  const weighted = [
    { service_name: 'v1', weight: 90 },
    { service_name: 'v2', weight: 0 },
  ];
  expect(built({ weighted }).route?.weighted_clusters).toEqual({
    clusters: [
      { name: 'v1', weight: { value: 90 } },
      { name: 'v2', weight: { value: 0 } },
    ],
  });
});

test('to a subset, of each service or of all that share the requests', () => {
  const metadata = (version: string) => ({
    filter_metadata: { 'envoy.lb': { fields: { version: { stringValue: version } } } },
  });
  expect(built({ service_name: 'web', subset: { version: 'v1' } }).route).toEqual({
    cluster: 'web',
    metadata_match: metadata('v1'),
  });
  const weighted = [
    { service_name: 'web', weight: 9, subset: { version: 'v1' } },
    { service_name: 'web', weight: 1 },
  ];
  expect(built({ weighted, subset: { version: 'v2' } }).route).toEqual({
    metadata_match: metadata('v2'),
    weighted_clusters: {
      clusters: [
        { name: 'web', weight: { value: 9 }, metadata_match: metadata('v1') },
        { name: 'web', weight: { value: 1 } },
      ],
    },
  });
});

test('by what requests are told apart', () => {
  const hash_policy = [
    { header: 'x-user', terminal: true },
    { cookie: { name: 'who', ttl: 0, path: '/' } },
    { source_ip: true as const },
    { query: 'user' },
  ];
  expect(built({ service_name: 'web', hash_policy }).route?.hash_policy).toEqual([
    { header: { header_name: 'x-user' }, terminal: true },
    { cookie: { name: 'who', ttl: { seconds: '0', nanos: 0 }, path: '/' } },
    { connection_properties: { source_ip: true } },
    { query_parameter: { name: 'user' } },
  ]);
});

test('limits, retries, mirror and websockets', () => {
  const rule = {
    service_name: 'web',
    timeout: 0,
    idle_timeout: 1_500,
    retries: { attempts: 2, per_try_timeout: 250 },
    mirror: [{ service_name: 'shadow', percent: 0.5 }],
    websocket: true,
  };
  expect(built(rule).route).toEqual({
    cluster: 'web',
    timeout: { seconds: '0', nanos: 0 },
    idle_timeout: { seconds: '1', nanos: 500_000_000 },
    retry_policy: {
      retry_on: '5xx,reset,connect-failure,refused-stream',
      num_retries: { value: 2 },
      per_try_timeout: { seconds: '0', nanos: 250_000_000 },
    },
    request_mirror_policies: [
      {
        cluster: 'shadow',
        runtime_fraction: { default_value: { numerator: 5_000, denominator: 'MILLION' } },
      },
    ],
    upgrade_configs: [{ upgrade_type: 'websocket' }],
  });
});

test.each([
  [301, undefined],
  [302, 'FOUND'],
  [303, 'SEE_OTHER'],
  [307, 'TEMPORARY_REDIRECT'],
  [308, 'PERMANENT_REDIRECT'],
])('a redirect with %d', (status, response_code) => {
  const { redirect } = built({ redirect: { status, host: 'b.org' } });
  expect(redirect?.host_redirect).toBe('b.org');
  // 301 is the default of the enum.
  expect(redirect?.response_code ?? 'MOVED_PERMANENTLY').toBe(response_code ?? 'MOVED_PERMANENTLY');
});

test('a redirect by its parts, and an answer of its own', () => {
  expect(
    built({ redirect: { scheme: 'https', port: 8443, path: '/x?y', strip_query: true } }).redirect,
  ).toMatchObject({
    scheme_redirect: 'https',
    port_redirect: 8443,
    path_redirect: '/x?y',
    strip_query: true,
  });
  expect(built({ direct_response: { status: 410, body: 'gone' } })).toEqual({
    direct_response: { status: 410, body: { inline_string: 'gone' } },
  });
});

test('header edits in an order that does not hang on how they were written', () => {
  const [one, other] = [
    { set: { b: '2', a: '1' }, remove: ['z', 'y'] },
    { set: { a: '1', b: '2' }, remove: ['y', 'z'] },
  ].map((request) => built({ service_name: 'web', headers: { request, response: { add: { c: '' } } } }));
  expect(one).toEqual(other);
  expect(one?.request_headers_to_remove).toEqual(['y', 'z']);
  expect(
    one?.request_headers_to_add?.map(({ header, append_action }) => [header?.key, append_action]),
  ).toEqual([
    ['a', 'OVERWRITE_IF_EXISTS_OR_ADD'],
    ['b', 'OVERWRITE_IF_EXISTS_OR_ADD'],
  ]);
  expect(one?.response_headers_to_add).toMatchObject([{ header: { key: 'c' }, keep_empty_value: true }]);
});
