import { describe, expect, test } from 'vitest';
import type { RouteRule } from '../../../../src/model/route.js';
import { decode } from '../../../../src/protobuf/messages.js';
import { RouteConfigurations } from '../../../../src/resources/route/configuration.js';
import { TYPE_URL } from '../../../../src/snapshot/type-url.js';

const routeConfiguration = (name: string, rules: readonly RouteRule[], from = new RouteConfigurations()) => {
  const [resource] = from.build([name], rules);
  if (resource === undefined) throw new Error('no configuration');
  return resource;
};
const decoded = (...rules: readonly RouteRule[]) =>
  decode('envoy.config.route.v3.RouteConfiguration', routeConfiguration('http', rules).body);
const to = (service_name: string, match: RouteRule['match'], more: Partial<RouteRule> = {}): RouteRule => ({
  match,
  service_name,
  ...more,
});
/** The clusters of each virtual host, in the order in which Envoy tries them. */
const clusters = (...rules: readonly RouteRule[]) =>
  Object.fromEntries(
    (decoded(...rules).virtual_hosts ?? []).map(({ name = '', routes }) => [
      name,
      routes?.map(({ route }) => route?.cluster),
    ]),
  );

test('no routes are a configuration without virtual hosts', () => {
  expect(decoded()).toEqual({ name: 'http', ignore_port_in_host_matching: true });
});

test('names the services that it sends to, each once', () => {
  const rules: RouteRule[] = [
    to('b', { prefix: '/b/' }),
    to('b', { prefix: '/c/' }),
    {
      match: { prefix: '/' },
      weighted: [
        { service_name: 'a', weight: 1 },
        { service_name: 'c', weight: 1 },
      ],
      mirror: [{ service_name: 'd', percent: 1 }],
    },
    { match: { path: '/gone' }, direct_response: { status: 410 } },
  ];
  expect(routeConfiguration('http', rules)).toMatchObject({
    typeUrl: TYPE_URL.route,
    name: 'http',
    references: [{ typeUrl: TYPE_URL.cluster, names: ['a', 'b', 'c', 'd'] }],
  });
});

describe('order', () => {
  test('exact, then the longest prefix, then templates, then regular expressions, whatever the order', () => {
    const sorted = [
      to('exact', { path: '/a' }),
      to('long', { prefix: '/a/b/' }),
      to('short', { prefix: '/a/' }),
      to('all', { prefix: '/' }),
      to('template', { template: '/a/{id}' }),
      to('regex', { regex: '/a/.*' }),
    ];
    const expected = { '*': sorted.map(({ service_name }) => service_name) };
    expect(clusters(...sorted)).toEqual(expected);
    expect(clusters(...[...sorted].reverse())).toEqual(expected);
    expect(routeConfiguration('http', [...sorted].reverse()).version).toBe(
      routeConfiguration('http', sorted).version,
    );
  });

  test('a priority comes before all else', () => {
    expect(
      clusters(
        to('exact', { path: '/a' }),
        to('first', { regex: '.*' }, { priority: 1 }),
        to('last', { path: '/a' }, { priority: -1 }),
      ),
    ).toEqual({ '*': ['first', 'exact', 'last'] });
  });

  test('who asks for more comes first', () => {
    expect(
      clusters(
        to('plain', { prefix: '/a' }),
        to('header', { prefix: '/a', headers: { 'x-env': { exact: 'canary' } } }),
        to('both', { prefix: '/a', methods: ['GET'], query: { q: { present: true } } }),
      ),
    ).toEqual({ '*': ['both', 'header', 'plain'] });
  });

  test('of equal matches it is the same one that comes first, whatever the order', () => {
    const [a, z] = [to('a', { prefix: '/a/' }), to('z', { prefix: '/a/' })];
    expect(clusters(z, a)).toEqual(clusters(a, z));
  });
});

describe('hosts', () => {
  test('a route stands in every virtual host that covers its own, closest first', () => {
    expect(
      clusters(
        to('all', { prefix: '/long/path/' }),
        to('wild', { prefix: '/' }, { hosts: ['*.example.com'] }),
        to('one', { prefix: '/' }, { hosts: ['a.example.com', 'x.org'] }),
      ),
    ).toEqual({
      '*': ['all'],
      '*.example.com': ['wild', 'all'],
      'a.example.com': ['one', 'wild', 'all'],
      'x.org': ['one', 'all'],
    });
  });

  test('each domain is in one virtual host, and no route twice in one', () => {
    const { virtual_hosts } = decoded(
      to('a', { prefix: '/' }, { hosts: ['x.org', 'x.org', '*.org'] }),
      to('b', { prefix: '/' }, { hosts: ['x.org'] }),
    );
    expect(virtual_hosts?.map(({ domains }) => domains)).toEqual([['*.org'], ['x.org']]);
    expect(virtual_hosts?.map(({ routes }) => routes?.map(({ route }) => route?.cluster))).toEqual([
      ['a'],
      ['a', 'b'],
    ]);
  });

  test('without a route for all hosts there is no virtual host for all', () => {
    expect(Object.keys(clusters(to('a', { prefix: '/' }, { hosts: ['a.org'] })))).toEqual(['a.org']);
  });
});

describe('building anew', () => {
  const rules = [
    to('a', { prefix: '/a/' }, { hosts: ['a.org'] }),
    to('b', { prefix: '/b/' }, { hosts: ['*.org'] }),
    to('all', { prefix: '/' }),
  ];

  test('is the same as building from nothing, whatever was built before', () => {
    const configurations = new RouteConfigurations();
    const states = [rules, rules.slice(1), [...rules].reverse(), rules.slice(0, 2), [], rules];
    for (const state of states) {
      expect(routeConfiguration('http', state, configurations).body).toEqual(
        routeConfiguration('http', state).body,
      );
    }
  });

  test('every listener has the same routes under its own name', () => {
    const [one, two] = new RouteConfigurations().build(['one', 'two'], rules);
    expect([one?.name, two?.name]).toEqual(['one', 'two']);
    expect([one?.version === two?.version, one?.references]).toEqual([false, two?.references]);
    expect(new RouteConfigurations().build([], rules)).toEqual([]);
  });
});
