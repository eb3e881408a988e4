import { describe, expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';

const NODES = { nodes: { '10.0.0.1:80': 1 }, retries: 0 };
const FORWARD = { service_name: 'apisix/route/1', timeout: 0, idle_timeout: 60_000 };

function taken(documents: Readonly<Record<string, object>>) {
  const table = new ApisixTable('/apisix/');
  for (const [key, value] of Object.entries(documents)) table.change(key, JSON.stringify(value));
  const { routes, policies, services } = table.take();
  const outcome = routes.get('/apisix/routes/1');
  const rules = outcome?.rules;
  const rejected = outcome?.rejected;
  const differences = outcome?.rules === undefined ? undefined : outcome.differences;
  return { rules, rejected, differences, policies, services };
}

const route = (more: object) => ({ uri: '/a', upstream: NODES, ...more });
const rulesOf = (more: object, others: Readonly<Record<string, object>> = {}) => {
  const { rules, rejected } = taken({ 'routes/1': route(more), ...others });
  expect(rejected).toBeUndefined();
  return rules;
};
const plugin = (name: string, options: object) => rulesOf({ plugins: { [name]: options } });
const policyOf = (upstream: object) => {
  const { rejected, policies } = taken({ 'routes/1': route({ upstream: { ...NODES, ...upstream } }) });
  expect(rejected).toBeUndefined();
  return policies.get('/apisix/routes/1');
};

describe('values that say nothing', () => {
  test.each<[string, object]>([
    ['lists', { vars: [], methods: [], hosts: [], remote_addrs: [] }],
    ['objects', { plugins: {}, labels: {}, timeout: {} }],
    [
      'texts',
      { name: '', desc: '', host: '', service_id: '', plugin_config_id: '', script: '', filter_func: '' },
    ],
    ['null', { vars: null, plugins: null, methods: null, upstream_id: null, priority: null, checks: null }],
    ['defaults', { priority: 0, status: 1, enable_websocket: false }],
    [
      'defaults of the upstream',
      {
        upstream: {
          ...NODES,
          keepalive_pool: { size: 320, idle_timeout: 60, requests: 1000 },
          ...{ checks: {}, discovery_args: {}, tls: { verify: false }, labels: {}, retry_timeout: 0 },
          ...{ hash_on: 'vars', scheme: 'http', pass_host: 'pass', type: 'roundrobin', upstream_host: '' },
          ...{ service_name: '', key: null, timeout: null },
        },
      },
    ],
  ])('%s', (_, more) => {
    expect(rulesOf(more)).toEqual([{ match: { path: '/a' }, ...FORWARD }]);
  });

  test('in services and in what plugins are told', () => {
    const service = {
      plugins: { 'proxy-rewrite': { host: 'b.c', headers: {}, regex_uri: null } },
      hosts: [],
      labels: {},
    };
    expect(rulesOf({ service_id: 1 }, { 'services/1': service })).toEqual([
      { match: { path: '/a' }, ...FORWARD, rewrite: { host: 'b.c' } },
    ]);
  });
});

describe('vars', () => {
  const exact = (text: string) => ({ exact: text });
  test.each<[string, unknown, object[]]>([
    [
      'equal',
      [
        ['arg_a', '==', 'b'],
        ['http_x_y', '==', 1],
      ],
      [{ query: { a: exact('b') }, headers: { 'x-y': exact('1') } }],
    ],
    ['unequal', [['http_a', '~=', 'b']], [{ headers: { a: { exact: 'b', invert: true } } }]],
    ['turned round', [['http_a', '!', '==', 'b']], [{ headers: { a: { exact: 'b', invert: true } } }]],
    ['twice', [['http_a', '!', '~=', 'b']], [{ headers: { a: exact('b') } }]],
    ['a pattern', [['http_a', '~~', '^b+']], [{ headers: { a: { regex: '(?s).*(?:^b+).*' } } }]],
    ['in any case', [['http_a', '~*', 'b']], [{ headers: { a: { regex: '(?is).*(?:b).*' } } }]],
    ['above', [['http_a', '>', 5]], [{ headers: { a: { range: { start: 6 } } } }]],
    ['above a fraction', [['http_a', '>', '-1.5']], [{ headers: { a: { range: { start: -1 } } } }]],
    ['at least', [['http_a', '>=', 1.5]], [{ headers: { a: { range: { start: 2 } } } }]],
    ['below', [['http_a', '<', '5']], [{ headers: { a: { range: { end: 5 } } } }]],
    ['at most', [['http_a', '<=', 5]], [{ headers: { a: { range: { end: 6 } } } }]],
    ['not above', [['http_a', '!', '>', 5]], [{ headers: { a: { range: { start: 6 }, invert: true } } }]],
    [
      'between',
      [
        ['http_a', '>', 5],
        ['http_a', '<=', 9],
        ['http_a', '>=', 1],
      ],
      [{ headers: { a: { range: { start: 6, end: 10 } } } }],
    ],
    ['a list of numbers', [['http_a', 'in', [1, '2']]], [{ headers: { a: { regex: '1|2' } } }]],
    ['a list', [['arg_a', 'in', ['b.', 'c']]], [{ query: { a: { regex: 'b\\.|c' } } }]],
    ['a cookie', [['cookie_a', '==', 'b']], [{ headers: { cookie: { regex: '(?:.*;\\s*)?a=b(?:;.*)?' } } }]],
    ['the method', [['request_method', '==', 'GET']], [{ headers: { ':method': exact('GET') } }]],
    [
      'one of several',
      [
        'OR',
        ['http_a', '==', 'b'],
        [
          ['http_c', '==', 'd'],
          ['arg_e', '==', 'f'],
        ],
      ],
      [{ headers: { a: exact('b') } }, { headers: { c: exact('d') }, query: { e: exact('f') } }],
    ],
    [
      'none of several',
      ['!OR', ['http_a', '==', 'b'], ['http_c', '==', 'd']],
      [{ headers: { a: { exact: 'b', invert: true }, c: { exact: 'd', invert: true } } }],
    ],
  ])('%s', (_, vars, expected) => {
    const rules = rulesOf({ vars });
    expect(rules?.map(({ match }) => match)).toEqual(expected.map((one) => ({ path: '/a', ...one })));
  });

  test.each<[unknown, string]>([
    [[['arg_a', '>', '1']], 'Envoy compares numbers of headers alone'],
    [[['cookie_a', '<', '1']], 'Envoy compares numbers of headers alone'],
    [[['http_a', '>', 'b']], 'is not carried over'],
    [[['http_a', '>', '0x10']], 'is not carried over'],
    [[['http_a', '<', 1e300]], 'is not carried over'],
    [[['http_a', 'in', [['b']]]], 'is not carried over'],
    [[['http_a', 'has', 'b']], 'Envoy knows no lists in a request'],
    [
      [
        ['http_a', '>', 1],
        ['http_a', '!', '<', 9],
      ],
      'two conditions on header "a" are not carried over',
    ],
    [[['arg_a', '~=', '1']], 'Envoy cannot turn the match of a parameter round'],
    [[['remote_addr', 'ipmatch', ['10.0.0.0/8']]], "Envoy's routes do not look at the client's address"],
    [[['uri', '==', '/a']], 'Envoy\'s routes do not look at "uri"'],
    [
      [
        ['http_a', '==', '1'],
        ['http_a', '~=', '2'],
      ],
      'two conditions on header "a" are not carried over',
    ],
    [[['http_a', '==', null]], 'is not carried over'],
    [[['http_a', '~~', '(?=x)']], 'no regular expression for Envoy'],
    ['x', 'vars is no list'],
    [
      Array.from({ length: 7 }, (_, at) => ['OR', [`http_a${at}`, '==', '1'], [`http_b${at}`, '==', '1']]),
      'more than 64 alternatives',
    ],
  ])('%j is not carried over', (vars, reason) => {
    expect(taken({ 'routes/1': route({ vars }) }).rejected).toContain(reason);
  });
});

describe('upstreams', () => {
  test('https and grpcs: TLS that names the host of the request', () => {
    expect(policyOf({ scheme: 'https' })?.policy).toMatchObject({ tls: {}, envoy: {} });
    expect(policyOf({ scheme: 'grpcs' })?.policy).toMatchObject({ tls: {}, protocol: 'grpc' });
    expect(policyOf({ scheme: 'grpc' })?.policy).toEqual({ protocol: 'grpc' });
  });

  test('a node without a port has that of the scheme', () => {
    const { services } = taken({
      'routes/1': route({ upstream: { nodes: { '10.0.0.1': 1 }, scheme: 'https' } }),
    });
    expect(services.get('apisix/route/1')?.instances).toMatchObject([{ host: '10.0.0.1', port: 443 }]);
  });

  test('chash', () => {
    const by = (more: object) =>
      rulesOf({ upstream: { ...NODES, type: 'chash', ...more } })?.[0]?.hash_policy;
    const OF_CLIENT = { source_ip: true };
    expect(by({ key: 'remote_addr' })).toEqual([OF_CLIENT]);
    expect(by({ key: 'arg_device' })).toEqual([{ query: 'device', terminal: true }, OF_CLIENT]);
    expect(by({ key: 'X_User', hash_on: 'header' })).toEqual([
      { header: 'x-user', terminal: true },
      OF_CLIENT,
    ]);
    expect(by({ key: 'sid', hash_on: 'cookie' })).toEqual([
      { cookie: { name: 'sid' }, terminal: true },
      OF_CLIENT,
    ]);
    expect(policyOf({ type: 'chash', key: 'remote_addr' })?.policy).toEqual({ lb_policy: 'RING_HASH' });
  });

  test('checks', () => {
    const checks = {
      active: {
        http_path: '/health',
        host: 'a.b',
        healthy: { interval: 2, successes: 1 },
        unhealthy: { interval: 1, http_failures: 2 },
      },
      passive: { unhealthy: { http_failures: 3 } },
    };
    expect(policyOf({ checks })?.policy).toEqual({
      health_check: {
        ...{ path: '/health', host: 'a.b', interval: 1_000, timeout: 1_000 },
        expected_statuses: [
          { start: 200, end: 201 },
          { start: 302, end: 303 },
        ],
        ...{ healthy_threshold: 1, unhealthy_threshold: 2 },
      },
      outlier_detection: {
        consecutive_5xx: 3,
        interval: 1_000,
        base_ejection_time: 30_000,
        max_ejection_percent: 100,
      },
    });
  });

  test('pass_host: node', () => {
    const host = (upstream: object) =>
      rulesOf({ upstream: { pass_host: 'node', retries: 0, ...upstream } })?.[0]?.rewrite?.host;
    expect(host({ nodes: { 'in.side:80': 1 } })).toBe('in.side');
    expect(host({ nodes: { 'in.side:8080': 1 } })).toBe('in.side:8080');
    expect(host({ nodes: { 'in.side:443': 1 }, scheme: 'https' })).toBe('in.side');
    expect(host({ nodes: { '[::1]:80': 1 } })).toBe('[::1]');
  });

  test('a discovered service that is treated in a way of its own is a service made of it', () => {
    const upstream = {
      service_name: 'S',
      discovery_type: 'nacos',
      scheme: 'https',
      discovery_args: { namespace_id: 'public', metadata: { version: 'v1' } },
    };
    const { rules, policies, services } = taken({ 'routes/1': route({ upstream }) });
    expect(rules).toMatchObject([{ service_name: 'apisix/route/1' }]);
    expect(policies.get('/apisix/routes/1')).toMatchObject({
      service: 'apisix/route/1',
      policy: { tls: {}, sources: [{ service: 'S', where: { metadata: { version: 'v1' } } }] },
    });
    expect(services.size).toBe(0);
  });

  describe('discovery_args', () => {
    const partsOf = (discovery_args: object, discovery_type = 'nacos') => {
      const upstream = { service_name: 'S', discovery_type, discovery_args };
      const { policies, rejected, differences, rules } = taken({ 'routes/1': route({ upstream }) });
      const sources = policies.get('/apisix/routes/1')?.policy?.sources;
      return { sources, rejected, differences, service: rules?.[0]?.service_name };
    };

    test('Nacos’ defaults are the service by its own name', () => {
      expect(partsOf({ namespace_id: 'public', group_name: 'DEFAULT_GROUP' })).toMatchObject({
        service: 'S',
        sources: undefined,
        rejected: undefined,
      });
    });

    test.each<[object, object]>([
      [{ namespace_id: 'team' }, { namespace: 'team', group: 'DEFAULT_GROUP' }],
      [{ group_name: 'G' }, { namespace: 'public', group: 'G' }],
      [
        { namespace_id: 'team', group_name: 'G', metadata: { a: 1 } },
        { namespace: 'team', group: 'G', metadata: { a: '1' } },
      ],
    ])('%j', (args, where) => {
      const { sources, differences, service } = partsOf(args);
      expect(sources).toEqual([{ service: 'S', where }]);
      expect(service).toBe('apisix/route/1');
      expect(differences?.join()).toContain('is found where "namespace" of the registry lists');
    });

    test('metadata_match, each value of a list by itself', () => {
      const where = (metadata: object) => ({ service: 'S', where: { metadata } });
      for (const type of ['consul', 'nacos', 'eureka'])
        expect(partsOf({ metadata_match: { lane: ['a', 'b', 'a'], env: 'prod' } }, type).sources).toEqual([
          where({ lane: 'a', env: 'prod' }),
          where({ lane: 'b', env: 'prod' }),
        ]);
      expect(partsOf({ metadata_match: { a: ['1', 2] }, metadata: { a: ['2'] } }).sources).toEqual([
        where({ a: '2' }),
      ]);
    });

    test.each<[object, string, string]>([
      [{ namespace_id: 'team' }, 'consul', '"discovery_args.namespace_id" is for nacos'],
      [{ group_name: 7 }, 'nacos', 'discovery_args.group_name is no text'],
      [{ metadata_match: { a: [['b']] } }, 'nacos', 'metadata_match is no object of texts'],
      [{ metadata_match: 'a' }, 'nacos', 'metadata_match is no object of texts'],
      [{ dc: 'dc2' }, 'consul', '"discovery_args.dc" is not carried over'],
      [
        {
          metadata_match: {
            a: Array.from({ length: 9 }, (_, n) => n),
            b: Array.from({ length: 8 }, (_, n) => n),
          },
        },
        'nacos',
        'more than 64 combinations',
      ],
    ])('%j of %s', (args, type, reason) => {
      expect(partsOf(args, type).rejected).toContain(reason);
    });
  });
});

describe('plugins', () => {
  test('cors', () => {
    expect(plugin('cors', {})).toMatchObject([
      {
        cors: { allow_origins: [{ exact: '*' }], allow_methods: ['*'], allow_headers: ['*'], max_age: 5_000 },
      },
    ]);
    expect(
      plugin('cors', {
        allow_origins: '**',
        allow_methods: 'GET,POST',
        allow_headers: 'a',
        allow_credential: true,
        max_age: 9,
      }),
    ).toMatchObject([
      {
        cors: {
          allow_origins: [{ regex: '.*' }],
          allow_methods: ['GET', 'POST'],
          allow_headers: ['a'],
          max_age: 9_000,
          allow_credentials: true,
        },
      },
    ]);
    expect(plugin('cors', { allow_origins_by_regex: ['.*\\.test.com$'] })).toMatchObject([
      { cors: { allow_origins: [{ regex: '.*(?:.*\\.test.com$).*' }] } },
    ]);
  });

  test('limit-count', () => {
    const limit = { requests: 2, per: 60_000, status: 503, headers: true };
    expect(plugin('limit-count', { count: 2, time_window: 60 })).toMatchObject([
      { rate_limit: { ...limit, by: [{ client_address: true }] } },
    ]);
    const constant = {
      count: 2,
      time_window: 60,
      key_type: 'constant',
      key: 'x',
      rejected_code: 429,
      show_limit_quota_header: false,
    };
    expect(plugin('limit-count', constant)?.[0]?.rate_limit).toEqual({
      requests: 2,
      per: 60_000,
      status: 429,
    });
    expect(
      plugin('limit-count', {
        count: 2,
        time_window: 60,
        key_type: 'var_combination',
        key: '$http_a $remote_addr',
      }),
    ).toMatchObject([{ rate_limit: { by: [{ header: 'a' }, { client_address: true }] } }]);
  });

  test('limit-req: tokens for the rate, and as many at once as may come early', () => {
    const limit = (more: object) => plugin('limit-req', { key: 'remote_addr', ...more })?.[0]?.rate_limit;
    expect(limit({ rate: 4, burst: 2 })).toMatchObject({ requests: 1, per: 250, burst: 3, status: 503 });
    expect(limit({ rate: 100, burst: 0 })).toMatchObject({ requests: 5, per: 50, burst: 5 });
    expect(limit({ rate: 0.1, burst: 0.1 })).toMatchObject({ requests: 1, per: 10_000, burst: 1 });
  });

  test('ip-restriction', () => {
    expect(plugin('ip-restriction', { whitelist: ['10.0.0.0/8', '::1'] })).toMatchObject([
      { client_addresses: { allow: ['10.0.0.0/8', '::1'] } },
    ]);
    expect(plugin('ip-restriction', { blacklist: ['10.0.0.1'] })).toMatchObject([
      { client_addresses: { deny: ['10.0.0.1'] } },
    ]);
  });

  test('fault-injection', () => {
    expect(
      plugin('fault-injection', { abort: { http_status: 404, body: 'no', headers: { a: 'b' } } }),
    ).toEqual([
      {
        match: { path: '/a' },
        direct_response: { status: 404, body: 'no' },
        headers: { response: { set: { a: 'b' } } },
      },
    ]);
    expect(
      plugin('fault-injection', {
        abort: { http_status: 404, vars: [[['arg_x', '==', '1']], [['arg_y', '==', '1']]] },
        delay: { duration: 0.5 },
      }),
    ).toMatchObject([
      { match: { query: { x: { exact: '1' } } }, direct_response: { status: 404 }, asks: 2 },
      { match: { query: { y: { exact: '1' } } }, direct_response: { status: 404 }, asks: 1 },
      { ...FORWARD, fault: { delay: { time: 500, percent: 100 } }, asks: 0 },
    ]);
    expect(plugin('fault-injection', { abort: { http_status: 503, percentage: 20 } })).toMatchObject([
      { fault: { abort: { status: 503, percent: 20 } } },
    ]);
    expect(plugin('fault-injection', { abort: { http_status: 503, percentage: 0 } })).toEqual([
      { match: { path: '/a' }, ...FORWARD },
    ]);
  });

  test('proxy-mirror: the place of the copies is a service of its own', () => {
    const { rules, services } = taken({
      'routes/1': route({ plugins: { 'proxy-mirror': { host: 'http://10.0.0.9:81', sample_ratio: 0.5 } } }),
    });
    expect(rules).toMatchObject([{ mirror: [{ service_name: 'apisix/route/1/mirror', percent: 50 }] }]);
    expect(services.get('apisix/route/1/mirror')?.instances).toMatchObject([{ host: '10.0.0.9', port: 81 }]);
  });

  test('traffic-split: by vars, by weight, with the upstream of the route for the rest', () => {
    const split = (host: string) => ({ nodes: { [host]: 1 }, pass_host: 'node' });
    const rules = [
      {
        match: [{ vars: [['http_v', '==', '2']] }],
        weighted_upstreams: [{ upstream: split('two.example:80') }],
      },
      { weighted_upstreams: [{ upstream_id: 'u', weight: 3 }, { weight: 1 }] },
    ];
    const given = { 'routes/1': route({ plugins: { 'traffic-split': { rules } } }), 'upstreams/u': NODES };
    expect(taken(given).rules).toMatchObject([
      {
        match: { headers: { v: { exact: '2' } } },
        service_name: 'apisix/route/1/split-0-0',
        rewrite: { host: 'two.example' },
        asks: 2,
      },
      {
        weighted: [
          { service_name: 'apisix/upstream/u', weight: 3 },
          { service_name: 'apisix/route/1', weight: 1 },
        ],
        asks: 1,
      },
      { service_name: 'apisix/route/1', asks: 0 },
    ]);
    expect([...taken(given).services.keys()].sort()).toEqual([
      'apisix/route/1',
      'apisix/route/1/split-0-0',
      'apisix/upstream/u',
    ]);
  });

  test('response-rewrite', () => {
    expect(
      plugin('response-rewrite', {
        status_code: 201,
        body: 'aGk=',
        body_base64: true,
        headers: { a: 1, b: '' },
      }),
    ).toMatchObject([
      { response: { status: 201, body: 'hi' }, headers: { response: { set: { a: '1' }, remove: ['b'] } } },
    ]);
    expect(
      plugin('response-rewrite', { headers: { add: ['a: b'], set: { c: '$status' }, remove: ['d'] } }),
    ).toMatchObject([
      { headers: { response: { add: { a: 'b' }, set: { c: '%RESPONSE_CODE%' }, remove: ['d'] } } },
    ]);
  });

  test('request-id', () => {
    const own = { 'X-Request-Id': '%REQ(x-request-id)%' };
    expect(plugin('request-id', {})).toMatchObject([{ headers: { response: { if_absent: own } } }]);
    expect(plugin('request-id', { include_in_response: false })).toEqual([
      { match: { path: '/a' }, ...FORWARD },
    ]);
    expect(plugin('request-id', { header_name: 'X-Id' })).toMatchObject([
      { headers: { request: { if_absent: { 'X-Id': '%REQ(x-request-id)%' } } } },
    ]);
  });

  test('redirect with variables', () => {
    expect(plugin('redirect', { uri: '/v1$uri', ret_code: 301 })).toMatchObject([
      { redirect: { status: 301, regex: { pattern: '^.*$', substitution: '/v1\\0' } } },
    ]);
    expect(plugin('redirect', { uri: 'https://$host$request_uri', ret_code: 301 })).toMatchObject([
      { redirect: { status: 301, scheme: 'https', port: 443 } },
    ]);
  });

  test('grpc-web, and prometheus, for which there is nothing to do', () => {
    expect(plugin('grpc-web', {})).toMatchObject([{ grpc_web: true }]);
    expect(plugin('prometheus', { prefer_name: true })).toEqual([{ match: { path: '/a' }, ...FORWARD }]);
  });

  test('those of a plugin config, of a service and of global rules, the closest first', () => {
    const rewrite = (host: string) => ({ plugins: { 'proxy-rewrite': { host } } });
    const others = {
      'services/1': rewrite('of.service'),
      'plugin_configs/1': rewrite('of.config'),
      'global_rules/1': { plugins: { 'grpc-web': {} } },
    };
    expect(rulesOf({ service_id: 1, plugin_config_id: 1 }, others)).toMatchObject([
      { rewrite: { host: 'of.config' }, grpc_web: true },
    ]);
    expect(rulesOf({ service_id: 1 }, others)).toMatchObject([
      { rewrite: { host: 'of.service' }, grpc_web: true },
    ]);
    expect(
      taken({ 'routes/1': route({ plugins: { cors: {} } }), 'global_rules/1': { plugins: { cors: {} } } })
        .rejected,
    ).toMatch(/plugin "cors" of a global rule beside/);
  });

  test('what Envoy does in another way is said', () => {
    expect(
      taken({ 'routes/1': route({ plugins: { 'limit-req': { rate: 1, burst: 1, key: 'remote_addr' } } }) })
        .differences,
    ).toContain('limit-req: requests within the burst go on at once: Envoy does not hold them back');
    const upstream = { ...NODES, keepalive_pool: { size: 4 } };
    expect(taken({ 'routes/1': { uri: '/a', upstream_id: 1 }, 'upstreams/1': upstream }).differences).toEqual(
      [expect.stringContaining('keepalive_pool')],
    );
  });
});

test('a changed global rule or plugin config maps the routes anew', () => {
  const table = new ApisixTable('/apisix/');
  const put = (key: string, value: object) => table.change(key, JSON.stringify(value));
  put('routes/1', route({ plugin_config_id: 1 }));
  put('plugin_configs/1', { plugins: {} });
  table.take();
  put('global_rules/1', { plugins: { 'grpc-web': {} } });
  expect(table.take().routes.get('/apisix/routes/1')?.rules).toMatchObject([{ grpc_web: true }]);
  table.change('global_rules/1', undefined);
  expect(table.take().routes.get('/apisix/routes/1')?.rules).toEqual([{ match: { path: '/a' }, ...FORWARD }]);
  put('plugin_configs/1', { plugins: { 'proxy-rewrite': { host: 'x.y' } } });
  expect(table.take().routes.get('/apisix/routes/1')?.rules).toMatchObject([{ rewrite: { host: 'x.y' } }]);
});
