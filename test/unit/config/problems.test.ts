import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { formatProblem } from '../../../src/config/problem.js';

const problemsOf = (yaml: string, environment = {}) =>
  (parseConfig(yaml, 'f.yaml', environment).problems ?? []).map(formatProblem);

const CONSUL = 'discovery:\n  consul_kv:\n    servers: ["http://127.0.0.1:8500"]\n';

describe('one problem, with its line, column and path', () => {
  test.each([
    // Keys
    [
      'services: { a: { lb_policy: MAGLEV, ring_hash_lb_config: {} } }',
      '1:58: services.a.ring_hash_lb_config: "ring_hash_lb_config" belongs to "lb_policy: RING_HASH", and here it is MAGLEV',
    ],
    [
      'services: { a: { maglev_lb_config: { table_size: 65536 } } }',
      '1:50: services.a.maglev_lb_config.table_size: expected a prime number, such as 65537',
    ],
    [
      'services: { a: { ring_hash_lb_config: { maximum_ring_size: 512 } } }',
      '1:60: services.a.ring_hash_lb_config.maximum_ring_size: "maximum_ring_size" must be at least "minimum_ring_size" (1024 if that is not said)',
    ],
    [
      'services: { a: { common_lb_config: { zone_aware_lb_config: {}, locality_weighted_lb_config: {} } } }',
      '1:60: services.a.common_lb_config.zone_aware_lb_config: expected "zone_aware_lb_config" or "locality_weighted_lb_config", not both',
    ],
    [
      'services: { a: { circuit_breakers: { max_retries: 3, retry_budget: {} } } }',
      '1:68: services.a.circuit_breakers.retry_budget: expected "max_retries" or "retry_budget", which takes its place, not both',
    ],
    [
      'services: { a: { outlier_detection: { max_ejection_time: 1s } } }',
      '1:58: services.a.outlier_detection.max_ejection_time: "max_ejection_time" must be at least "base_ejection_time"',
    ],
    [
      'services: { a: { health_check: { tcp: true, expected_statuses: [200] } } }',
      '1:64: services.a.health_check.expected_statuses: "expected_statuses" are those of a check by "path"',
    ],
    ['services: { a: { drain_time: 9000h } }', '1:30: services.a.drain_time: expected at most 365 days'],
    [
      'routes: [{ match: { prefix: / }, redirect: { host: x }, subset: { version: v1 } }]',
      '1:65: routes[0].subset: "subset" picks among the instances of a service, and this route goes to none',
    ],
    [
      'routes: [{ match: { prefix: / }, service_name: a, subset: {} }]',
      '1:59: routes[0].subset: expected a key of the metadata, such as { version: v2 }',
    ],
    [
      'routes: [{ match: { prefix: / }, service_name: a, hash_policy: [{ header: x, query: y }] }]',
      '1:65: routes[0].hash_policy[0]: expected one of "header", "cookie", "source_ip", "query"',
    ],
    ['listners: []', '1:1: listners: unknown key, did you mean "listeners"?'],
    ['xds:\n  lisen: 127.0.0.1:1', '2:3: xds.lisen: unknown key, did you mean "listen"?'],
    ['admin: { whatever: 1 }', '1:10: admin.whatever: unknown key; known here: listen, token, token_file'],
    [`${CONSUL}    tokn: x`, '4:5: discovery.consul_kv.tokn: unknown key, did you mean "token"?'],
    [
      'services:\n  "*":\n    lb_polcy: RANDOM',
      '3:5: services["*"].lb_polcy: unknown key, did you mean "lb_policy"?',
    ],
    [
      'routes:\n  - match: { prefix: / }\n    service: a\n    service_name: a',
      '3:5: routes[0].service: unknown key; nearest: "rewrite"',
    ],
    ['auto_routes: true\nauto_routes: false', '2:1: auto_routes: this key stands here twice'],
    ['"__proto__": {}', '1:1: __proto__: unknown key; nearest: "rollout"'],
    // Kinds and bounds
    ['load_reports: { interval: 500ms }', '1:27: load_reports.interval: expected 1s to 60s'],
    [
      'load_reports: { metrics: ["named_metrics.*"] }',
      '1:27: load_reports.metrics[0]: expected a name such as "named_metrics.latency_ms" or "cpu_utilization"',
    ],
    ['auto_routes: 5', '1:14: auto_routes: expected true or false, found a number'],
    ['listeners: {}', '1:12: listeners: expected a list, found a mapping'],
    ['listeners:', '1:11: listeners: expected a list, found nothing'],
    ['- a', '1:1: expected a mapping, found a list'],
    ['just a text', '1:1: expected a mapping, found a text'],
    [`${CONSUL}    weight: -1`, '4:13: discovery.consul_kv.weight: must be at least 0'],
    ['default_service: { host: a, port: 70000 }', '1:35: default_service.port: must be at most 65535'],
    [
      'default_service: { host: a, port: 1.5 }',
      '1:35: default_service.port: expected a whole number, found a fraction',
    ],
    ['default_service: { host: "", port: 1 }', '1:26: default_service.host: must not be empty'],
    ['default_service: { host: a, port: 1, weight: 0 }', '1:46: default_service.weight: must be above 0'],
    [
      'services: { a: { lb_policy: ROUND } }',
      '1:29: services.a.lb_policy: expected one of: ROUND_ROBIN, LEAST_REQUEST, RANDOM, RING_HASH, MAGLEV',
    ],
    // Missing
    ['default_service: { host: a }', '1:1: default_service.port: is missing: expected a number'],
    ['listeners:\n  - { name: a }', '2:5: listeners[0].address: is missing: expected a text'],
    ['discovery:\n  file: {}', '2:3: discovery.file.path: is missing: expected a text'],
    // Times
    [
      'startup_grace: 5 minutes',
      '1:16: startup_grace: expected a number of s, or a text with a unit such as "2s" or "500ms"',
    ],
    ['startup_grace: -1', '1:16: startup_grace: must be at least 0'],
    [
      'startup_grace: []',
      '1:16: startup_grace: expected a number of s, or a text with a unit such as "2s" or "500ms"',
    ],
    ['services: { a: { connect_timeout: 0s } }', '1:35: services.a.connect_timeout: expected a time above 0'],
    ['publish: { delay: 2s }', '1:19: publish.delay: must be at most "max_delay"'],
    ['xds: { drain: 4s }', '1:15: xds.drain: expected at most 3s: everything is to end within 5 s'],
    // Addresses
    [
      'xds: { listen: "18000" }',
      '1:16: xds.listen: expected an address such as "127.0.0.1:18000", "[::1]:18000" or "localhost:18000"',
    ],
    [
      'admin: { listen: "::1:18000" }',
      '1:18: admin.listen: expected an address such as "127.0.0.1:18000", "[::1]:18000" or "localhost:18000"',
    ],
    [
      'listeners: [{ name: a, address: "localhost:80" }]',
      '1:33: listeners[0].address: expected an IP address and a port, such as "0.0.0.0:10000" or "[::]:10000"',
    ],
    [
      'listeners: [{ name: a, address: "0.0.0.0:0" }]',
      '1:33: listeners[0].address: expected an IP address and a port, such as "0.0.0.0:10000" or "[::]:10000"',
    ],
    [
      'xds: { listen: 127.0.0.1:5 }\nadmin: { listen: 127.0.0.1:5 }',
      '2:18: admin.listen: xds listens on this address already',
    ],
    // Registries
    [
      'discovery:\n  consulkv: { servers: [] }',
      '2:3: discovery.consulkv.type: there is no type of registry "consulkv", did you mean "consul_kv"?',
    ],
    [
      'discovery:\n  east: { type: fill, path: x }',
      '2:17: discovery.east.type: there is no type of registry "fill", did you mean "file"?',
    ],
    ['discovery:\n  file:', '2:8: discovery.file: expected a mapping, found nothing'],
    [
      'discovery:\n  1a: { type: file, path: x }',
      '2:3: discovery["1a"]: a registry\'s name is a letter or "_", then letters, digits, "_" and "-"',
    ],
    ['discovery: { consul_kv: { servers: [] } }', '1:36: discovery.consul_kv.servers: must not be empty'],
    [
      'discovery: { consul_kv: { servers: ["http://a:1", "127.0.0.1:8500"] } }',
      '1:51: discovery.consul_kv.servers[1]: expected a URL such as "http://127.0.0.1:8500"',
    ],
    [
      'discovery:\n  a: { type: file, path: a, dump: { path: d } }\n  b: { type: file, path: b, dump: { path: ./d } }',
      '3:43: discovery.b.dump.path: another registry dumps to this file already',
    ],
    // Services that are made of others
    [
      `${CONSUL}services:\n  web:\n    sources: [{ registry: eureka, service: web }]`,
      '6:27: services.web.sources[0].registry: there is no registry "eureka" here',
    ],
    [
      'services:\n  "*": { sources: [{ service: web }] }',
      '2:19: services["*"].sources: "*" stands for all services, which cannot be made of the same parts',
    ],
    // Listeners and routes
    [
      'listeners:\n  - { name: a, address: "0.0.0.0:80" }\n  - { name: a, address: "0.0.0.0:81" }',
      '3:13: listeners[1].name: another listener has this name already',
    ],
    [
      'listeners:\n  - { name: a, address: "[::]:80" }\n  - { name: b, address: "[0::0]:80" }',
      '3:25: listeners[1].address: another listener has this address already',
    ],
    [
      'routes: [{ match: { prefix: /a?b }, service_name: a }]',
      '1:29: routes[0].match.prefix: expected a path without "?", "#" and blanks',
    ],
    [
      'routes: [{ match: { prefix: /a }, service_name: a, rewrite: { prefix: "/a b" } }]',
      '1:71: routes[0].rewrite.prefix: expected a path without "?", "#" and blanks',
    ],
    [
      'routes: [{ match: { prefix: a/ }, service_name: a }]',
      '1:29: routes[0].match.prefix: expected a path that starts with "/"',
    ],
    [
      'routes: [{ match: {}, service_name: a }]',
      '1:19: routes[0].match: expected one of "prefix", "path", "regex", "template"',
    ],
    [
      'routes: [{ match: { prefix: /, path: / }, service_name: a }]',
      '1:19: routes[0].match: expected one of "prefix", "path", "regex", "template"',
    ],
    [
      'routes: [{ hosts: ["a b"], match: { prefix: / }, service_name: a }]',
      '1:20: routes[0].hosts[0]: expected a host such as "api.example.com" or "*.example.com"',
    ],
    // Older spellings are told by the name that was written
    [
      `${CONSUL}    connect_type: ling`,
      '4:19: discovery.consul_kv.connect_type: expected one of: long, short',
    ],
    [
      `${CONSUL}    delay: soon`,
      '4:12: discovery.consul_kv.delay: expected a number of s, or a text with a unit such as "2s" or "500ms"',
    ],
    [
      `${CONSUL}    default_server: { host: a, port: 0 }`,
      '4:38: discovery.consul_kv.default_server.port: must be at least 1',
    ],
    [
      `${CONSUL}    interval: 3\n    fetch_interval: 3`,
      '4:15: discovery.consul_kv.interval: this is an older name of "fetch_interval": "fetch_interval" says it already',
    ],
    [
      `${CONSUL}    interval: 3\n    delay: 3`,
      '5:12: discovery.consul_kv.delay: this is an older name of "fetch_interval": "interval" says it already',
    ],
    [
      'discovery: { file: { path: a, delay: 3 } }',
      '1:31: discovery.file.delay: unknown key; known here: type, skip_services, service_template, default_service, tls, dump, mass_loss, max_answer, path, weight',
    ],
    // YAML itself
    [
      'xds: { listen: a',
      '1:17: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
    ],
    ['a: "x', '1:6: not valid YAML: Missing closing "quote'],
    ['a: 1\n---\nb: 1', '2:1: not valid YAML: a configuration is one document, and here a second one begins'],
    ['routes: *b', '1:9: routes: no anchor of this name stands before'],
    ['a: !env B', '1:4: not valid YAML: Unresolved tag'],
    ['', 'the file says nothing'],
    ['# all is commented out', 'the file says nothing'],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([
      problem.startsWith('the file') ? `f.yaml: ${problem}` : `f.yaml:${problem}`,
    ]);
  });
});

test('all problems are told at once, in the order of the file', () => {
  const yaml = [
    'xds: { listen: nowhere }',
    'discovery:',
    '  consul_kv:',
    '    servers: ["http://127.0.0.1:8500", 5]',
    '    conect_type: long',
    '  local: { type: file }',
    'routes:',
    '  - { match: { prefix: a }, service_name: "${MISSING}" }',
    'listner: []',
    'xds: {}',
  ].join('\n');
  expect(problemsOf(yaml).map((problem) => problem.split(': ').slice(0, 2).join(' '))).toEqual([
    'f.yaml:1:16 xds.listen',
    'f.yaml:4:40 discovery.consul_kv.servers[1]',
    'f.yaml:5:5 discovery.consul_kv.conect_type',
    'f.yaml:6:3 discovery.local.path',
    'f.yaml:8:24 routes[0].match.prefix',
    'f.yaml:8:43 routes[0].service_name',
    'f.yaml:9:1 listner',
    'f.yaml:10:1 xds',
  ]);
});

test('anchors that grow without bounds are refused', () => {
  const lines = 'bcdef'
    .split('')
    .map((name, index) => `${name}: &${name} [${`*${'abcde'[index]},`.repeat(9)}]`);
  expect(problemsOf(`a: &a [x]\n${lines.join('\n')}`).join('\n')).toContain(
    'more than 100 aliases of anchors, or one that contains itself',
  );
  expect(problemsOf('routes: &routes [*routes]').join('\n')).toMatch(
    /nested deeper than 64 levels: does an anchor contain itself\?/,
  );
});

test.each([
  ['brackets', (levels: number) => `a: b\nc: ${'['.repeat(levels)}${']'.repeat(levels)}`, 'f.yaml:2:67'],
  ['braces that do not end', (levels: number) => `c: ${'{d: '.repeat(levels)}`, 'f.yaml:1:256'],
  ['dashes', (levels: number) => `c:\n  ${'- '.repeat(levels)}d`, 'f.yaml:2:129'],
  ['question marks', (levels: number) => `${'? '.repeat(levels)}d`, 'f.yaml:1:129'],
  [
    'lines',
    (levels: number) =>
      Array.from({ length: Math.min(levels, 2_000) }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
    'f.yaml:65:65',
  ],
])('what is nested too deep is not read: %s', (_, yaml, place) => {
  for (const levels of [65, 10_000])
    expect(problemsOf(yaml(levels))).toEqual([`${place}: nested deeper than 64 levels`]);
});

test('half of a surrogate pair is no text', () => {
  expect(problemsOf('default_service: { host: "\\ud800", port: 80 }')).toEqual([
    'f.yaml:1:26: default_service.host: has half of a surrogate pair, which is no Unicode',
  ]);
  expect(problemsOf('services: { "\\udc00": {} }')).toEqual([
    'f.yaml:1:13: services: a key has half of a surrogate pair, which is no Unicode',
  ]);
  expect(problemsOf('services: { "\\ud83d\\ude00": {} }')).toEqual([]);
});

test('what a variable holds is no structure, however deep it looks', () => {
  for (const deep of ['['.repeat(100_000), '{a: '.repeat(10_000), '- '.repeat(100_000), '? '.repeat(10_000)])
    expect(problemsOf(`${CONSUL}    weight: \${W}`, { W: deep })).toEqual([
      'f.yaml:4:13: discovery.consul_kv.weight: expected a number, found a text',
    ]);
});

test('no problem shows a secret', () => {
  const texts = [
    `${CONSUL}    token: [hunter2]`,
    `${CONSUL}    token: { a: hunter2 }`,
    `${CONSUL}    token: "hunter2" hunter2`,
    `${CONSUL}    token: "\\hunter2"`,
    `${CONSUL}    token: "\\uhunter2"`,
    `${CONSUL}    token: *hunter2`,
    `${CONSUL}    token: !hunter2 x`,
    `${CONSUL}    token: @hunter2`,
    `${CONSUL}    token: | hunter2`,
    `${CONSUL}    token: "hunter2`,
    `${CONSUL}    token: hunter2: x`,
    `${CONSUL}    token: \${X:-\${hunter2}`,
    `${CONSUL}    token: \${hunter2`.concat('-}'),
    `${CONSUL}    weight: hunter2`,
    'discovery: { consul_kv: { servers: ["htp://root:hunter2@127.0.0.1:8500"] } }',
    'discovery: { consul_kv: { servers: ["http://root:hunter2@:8500"] } }',
  ];
  for (const yaml of texts) {
    const problems = problemsOf(yaml);
    expect(problems, yaml).not.toEqual([]);
    expect(problems.join('\n'), yaml).not.toContain('hunter2');
  }
  const fromVariable = problemsOf(`${CONSUL}    weight: \${W}`, { W: 'hunter2' });
  expect(fromVariable).toEqual(['f.yaml:4:13: discovery.consul_kv.weight: expected a number, found a text']);
});

test('what cannot be read is a problem as well', async () => {
  const { loadConfig } = await import('../../../src/config/load.js');
  const { problems } = await loadConfig('/nowhere/signalbox.yaml', {});
  expect((problems ?? []).map(formatProblem)).toEqual([
    "/nowhere/signalbox.yaml: cannot be read: ENOENT: no such file or directory, open '/nowhere/signalbox.yaml'",
  ]);
});
