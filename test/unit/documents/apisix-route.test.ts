import { describe, expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';
import type { RouteOutcome } from '../../../src/documents/document-table.js';

const UPSTREAM = { service_name: 'USER-SERVICE', discovery_type: 'eureka', type: 'roundrobin' };
const FORWARD = {
  service_name: 'USER-SERVICE',
  timeout: 0,
  idle_timeout: 60_000,
  retries: { attempts: 2, on: ['connect-failure', 'refused-stream', 'reset-before-request'] },
};

function outcome(route: object, others: Readonly<Record<string, object>> = {}): RouteOutcome | undefined {
  const table = new ApisixTable('/apisix/');
  for (const [key, value] of Object.entries(others)) table.change(key, JSON.stringify(value));
  table.change('routes/1', JSON.stringify(route));
  return table.take().routes.get('/apisix/routes/1');
}

const rulesOf = (route: object, others?: Readonly<Record<string, object>>) => {
  const { rules, rejected } = outcome(route, others) ?? {};
  expect(rejected).toBeUndefined();
  return rules;
};
const to = (route: object) => ({ uri: '/a/*', upstream: UPSTREAM, ...route });
const rewritten = (options: object) => to({ plugins: { 'proxy-rewrite': options } });

describe('what is carried over', () => {
  test.each<[string, object, object]>([
    ['a prefix of whole segments', { uri: '/user/*' }, { match: { prefix: '/user/' } }],
    ['a prefix as a text', { uri: '/user*' }, { match: { starts_with: '/user' } }],
    ['an exact path', { uri: '/user' }, { match: { path: '/user' } }],
    ['every path', { uri: '/*' }, { match: { prefix: '/' } }],
    ['a host', { host: '*.Example.com' }, { hosts: ['*.example.com'], match: { prefix: '/a/' } }],
    ['hosts', { hosts: ['a.b', 'c.d'] }, { hosts: ['a.b', 'c.d'], match: { prefix: '/a/' } }],
    ['methods', { methods: ['get', 'PUT'] }, { match: { prefix: '/a/', methods: ['GET', 'PUT'] } }],
    ['a priority among equal paths', { priority: 7 }, { path_priority: 7, match: { prefix: '/a/' } }],
    ['what APISIX writes of its own', { id: '1', create_time: 1, status: 1, labels: {}, priority: 0 }, {}],
    ['websockets', { enable_websocket: true }, { websocket: true }],
    ['timeouts', { timeout: { connect: 1, send: 2, read: 3 } }, { idle_timeout: 3_000 }],
    ['no retries', { upstream: { ...UPSTREAM, retries: 0 } }, { retries: undefined }],
    ['retries', { upstream: { ...UPSTREAM, retries: 3 } }, { retries: { ...FORWARD.retries, attempts: 3 } }],
    [
      "the upstream's timeouts",
      { upstream: { ...UPSTREAM, timeout: { connect: 1, send: 9, read: 3 } } },
      { idle_timeout: 9_000 },
    ],
    [
      'a rewritten host',
      { upstream: { ...UPSTREAM, pass_host: 'rewrite', upstream_host: 'in.side' } },
      { rewrite: { host: 'in.side' } },
    ],
    ['a plugin that is switched off', { plugins: { 'limit-req': { _meta: { disable: true } } } }, {}],
    ['one that is switched off as in older releases', { plugins: { cors: { disable: true } } }, {}],
  ])('%s', (_, route, expected) => {
    const rule = { match: { prefix: '/a/' }, ...FORWARD, ...expected };
    expect(rulesOf(to(route))).toEqual([JSON.parse(JSON.stringify(rule))]);
  });

  test('several paths are several rules', () => {
    expect(rulesOf(to({ uri: undefined, uris: ['/a', '/b/*'] }))).toEqual([
      { match: { path: '/a' }, ...FORWARD },
      { match: { prefix: '/b/' }, ...FORWARD },
    ]);
  });

  test.each<[string, object, object]>([
    ['a path', { uri: '/new' }, { rewrite: { regex: { pattern: '^.*$', substitution: '/new' } } }],
    [
      'a pattern from the beginning',
      { regex_uri: ['^/a/(.*)', '/$1'] },
      { rewrite: { regex: { pattern: '^/a/(.*)', substitution: '/\\1' } } },
    ],
    [
      'the first match of a pattern anywhere',
      { regex_uri: ['x(y)', '/${1}$0'] },
      { rewrite: { regex: { pattern: '^(.*?)(x(y))', substitution: '\\1/\\3\\2' } } },
    ],
    ['a host', { host: 'b.c' }, { rewrite: { host: 'b.c' } }],
    [
      'headers',
      { headers: { set: { a: '100%' }, add: { b: 2 }, remove: ['c'] } },
      { headers: { request: { set: { a: '100%%' }, add: { b: '2' }, remove: ['c'] } } },
    ],
    [
      'headers in the older form',
      { headers: { a: 'x', b: '' } },
      { headers: { request: { set: { a: 'x' }, remove: ['b'] } } },
    ],
  ])('proxy-rewrite: %s', (_, options, expected) => {
    expect(rulesOf(rewritten(options))).toEqual([{ match: { prefix: '/a/' }, ...FORWARD, ...expected }]);
  });

  test('redirect: a place', () => {
    expect(
      rulesOf({ uri: '/a', plugins: { redirect: { uri: 'https://b.c/d?e=f', ret_code: 301 } } }),
    ).toEqual([
      {
        match: { path: '/a' },
        redirect: { status: 301, scheme: 'https', host: 'b.c', port: 443, path: '/d?e=f', strip_query: true },
      },
    ]);
    expect(rulesOf({ uri: '/a', plugins: { redirect: { uri: '/b', append_query_string: true } } })).toEqual([
      { match: { path: '/a' }, redirect: { status: 302, path: '/b' } },
    ]);
  });

  test('redirect: to https, and those that are there already to the upstream', () => {
    const headers = { 'x-forwarded-proto': { exact: 'https', invert: true } };
    const https = { scheme: 'https', port: 443 };
    expect(rulesOf(to({ methods: ['GET', 'POST'], plugins: { redirect: { http_to_https: true } } }))).toEqual(
      [
        { match: { prefix: '/a/', headers, methods: ['GET'] }, redirect: { status: 301, ...https }, asks: 3 },
        {
          match: { prefix: '/a/', headers, methods: ['POST'] },
          redirect: { status: 308, ...https },
          asks: 2,
        },
        { match: { prefix: '/a/', methods: ['GET', 'POST'] }, ...FORWARD, asks: 1 },
      ],
    );
  });

  test('a service: its upstream, plugins and hosts, and the route over them', () => {
    const service = {
      upstream_id: 'u',
      hosts: ['of.service'],
      enable_websocket: true,
      plugins: { 'proxy-rewrite': { host: 'x.y' }, 'limit-count': { count: 1 } },
    };
    const route = {
      uri: '/a/*',
      service_id: 's',
      plugins: { 'limit-count': { _meta: { disable: true } } },
    };
    expect(rulesOf(route, { 'services/s': service, 'upstreams/u': UPSTREAM })).toEqual([
      {
        match: { prefix: '/a/' },
        hosts: ['of.service'],
        ...FORWARD,
        rewrite: { host: 'x.y' },
        websocket: true,
      },
    ]);
  });

  test('a route that is disabled', () => {
    expect(outcome(to({ status: 0, vars: [] }))).toEqual({ rules: [], disabled: true });
  });
});

describe('what is not carried over rejects the route, with all of the reasons', () => {
  test.each<[object, string | RegExp]>([
    [
      to({ vars: [['arg_a', '>', 1]], script: 'x' }),
      '"script" is not carried over; vars: ["arg_a",">",1] is not carried over: Envoy compares numbers of headers alone',
    ],
    [to({ filter_func: 'function() end' }), '"filter_func" is not carried over'],
    [to({ remote_addrs: ['10.0.0.0/8'] }), '"remote_addrs" is not carried over'],
    [to({ plugin_config_id: '1' }), 'plugin config "1": there is no such document'],
    [to({ plugins: { 'limit-req': {} } }), 'limit-req: it needs a number above 0 as "rate"'],
    [to({ plugins: { zipkin: {} } }), 'plugin "zipkin" is not carried over'],
    [
      to({ plugins: { redirect: { uri: '/x', _meta: { filter: [['a', '==', 'b']] } } } }),
      'plugin "redirect": "_meta.filter" is not carried over',
    ],
    [to({ uri: '/a/*/b' }), 'uri "/a/*/b": "*" is carried over at the end only'],
    [to({ uri: undefined }), 'it has no "uri" and no list "uris"'],
    [{ uri: '/a' }, 'it has no upstream'],
    [{ uri: '/a', upstream_id: 'none' }, 'upstream "none": there is no such document; it has no upstream'],
    [{ uri: '/a', service_id: 3 }, /service "3": there is no such document/],
    [to({ upstream: { ...UPSTREAM, scheme: 'tcp' } }), /scheme "tcp" is not carried over/],
    [to({ upstream: { ...UPSTREAM, discovery_type: 'dns' } }), /discovery_type "dns"/],
    [to({ upstream: { ...UPSTREAM, type: 'chash' } }), /chash by "vars" of "" is not carried over/],
    [to({ upstream: { ...UPSTREAM, type: 'ewma' } }), /type "ewma" is not carried over/],
    [
      to({ upstream: { ...UPSTREAM, checks: { active: { port: 1 } } } }),
      /upstream: checks.active.port is not carried over/,
    ],
    [to({ upstream: { ...UPSTREAM, pass_host: 'node' } }), /pass_host "node" is not carried over/],
    [to({ upstream: { type: 'roundrobin' } }), /neither "nodes" nor "service_name"/],
    [to({ timeout: { read: '3s' } }), '"timeout" is not { connect, send, read } in seconds'],
    [rewritten({ method: 'ASK' }), 'proxy-rewrite: method "ASK" is none'],
    [rewritten({ uri: '/x/$arg_y' }), /variables such as in/],
    [rewritten({ uri: '/x?y=z' }), /a uri with a query/],
    [rewritten({ headers: { set: { a: '$arg_a' } } }), /the variable "\$arg_a" is not carried over/],
    [rewritten({ regex_uri: ['^/(?=a)', '/'] }), /no regular expression for Envoy/],
    [rewritten({ regex_uri: ['^/(a)', '/$12'] }), /more groups/],
    [rewritten({ regex_uri: ['^/a', '/b', '^/c', '/d'] }), /one pair/],
    [rewritten({ headers: { set: { host: 'a' } } }), /header "host" cannot be changed/],
    [to({ plugins: { redirect: { regex_uri: ['a', 'b'] } } }), /"regex_uri" is not carried over/],
    [to({ plugins: { redirect: { uri: '/$arg_x' } } }), /variables such as in/],
    [to({ plugins: { redirect: { uri: '/x', ret_code: 418 } } }), /ret_code 418/],
    [to({ host: 'a b' }), '"a b" is no host'],
  ])('%j', (route, reason) => {
    expect(outcome(JSON.parse(JSON.stringify(route)))?.rejected).toMatch(reason);
  });
});
