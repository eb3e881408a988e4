import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { formatProblem } from '../../../src/config/problem.js';
import type { Environment } from '../../../src/config/variables.js';

function read(yaml: string, environment: Environment = {}) {
  const loaded = parseConfig(yaml, '/f', environment);
  const texts = (loaded.problems ?? []).map(formatProblem);
  return {
    config: loaded.config,
    problems: texts,
    warnings: loaded.config === undefined ? [] : loaded.warnings.map(formatProblem),
  };
}

test('${{VAR}} and ${{VAR:=default}} as APISIX fills them in', () => {
  const kv = (token: string, environment: Environment) =>
    read(`discovery:\n  consul_kv:\n    servers: ["http://a:1"]\n    token: "${token}"`, environment);
  const token = (text: string, environment: Environment) => {
    const registry = kv(text, environment).config?.discovery.consul_kv;
    return registry?.type === 'consul_kv' ? registry.token : undefined;
  };
  expect(token('x-${{ A }}', { A: 'b' })).toBe('x-b');
  expect(token('${{A:=c d}}', {})).toBe('c d');
  expect(token('${{A:=c}}', { A: '' })).toBe('');
  expect(token('${A:-e}${{B:=f}}', {})).toBe('ef');
  expect(kv('${{A}}', {}).problems).toEqual([
    expect.stringContaining(
      'the environment variable A is not set, and there is no default: ${{A:=default}}',
    ),
  ]);
  expect(kv('${{A-B}}', {}).problems[0]).toContain("APISIX's reference to a variable is");
  expect(
    read('discovery:\n  nacos:\n    host: ["http://a:1"]\n    fetch_interval: ${{A:=7}}').config?.discovery
      .nacos,
  ).toMatchObject({ fetch_interval: 7_000 });
});

test("the etcd of APISIX's deployment is where its documents come from", () => {
  const block = `
deployment:
  role: traditional
  role_traditional: { config_provider: etcd }
  etcd:
    host: ["https://etcd:2379"]
    prefix: /apisix
    timeout: 20
    resync_delay: 5
    health_check_timeout: 10
    startup_retry: 2
    user: root
    password: secret
    tls: { cert: c.pem, key: k.pem, verify: false, sni: etcd.local }
`;
  const { config, warnings } = read(block);
  expect(config?.routes_from.apisix).toMatchObject({
    endpoints: ['https://etcd:2379'],
    prefix: '/apisix',
    ...{ user: 'root', password: 'secret' },
    timeout: { connect: 20_000 },
    tls: { cert: '/c.pem', key: '/k.pem', insecure_skip_verify: true, server_name: 'etcd.local' },
  });
  expect(warnings.map((text) => text.replace(/^.*?: (deployment\S*): .*$/, '$1'))).toEqual([
    ...['deployment.role', 'deployment.role_traditional'],
    ...[
      'deployment.etcd.resync_delay',
      'deployment.etcd.health_check_timeout',
      'deployment.etcd.startup_retry',
    ],
  ]);
  expect(read('deployment: { etcd: { host: ["http://a:1"], hosst: [] } }').problems).toEqual([
    expect.stringContaining('deployment.etcd.hosst: is no option'),
  ]);
  expect(read('deployment: { etcd: { host: [":"] } }').problems[0]).toContain('deployment.etcd.host');
  expect(read('deployment: x').problems[0]).toContain('expected APISIX');
  expect(
    read(
      'deployment: { etcd: { host: ["http://a:1"] } }\nroutes_from: { apisix: { endpoints: ["http://a:1"] } }',
    ).problems[0],
  ).toContain('"routes_from.apisix" says it already');
});

test('a list of registries of one type', () => {
  const { config } = read(
    'discovery: { nacos: [ { host: ["http://a:1"] }, { id: east, host: ["http://b:1"] }, { host: ["http://c:1"] } ] }',
  );
  expect(Object.entries(config?.discovery ?? {}).map(([name, { type }]) => [name, type])).toEqual([
    ['nacos', 'nacos'],
    ['nacos-east', 'nacos'],
    ['nacos-3', 'nacos'],
  ]);
  expect(
    read('discovery: { nacos: [ { host: ["http://a:1"] }, { hots: ["http://b:1"] } ] }').problems.join('\n'),
  ).toContain('discovery.nacos[1].hots');
});

test("ZooKeeper's connect_string and root_path", () => {
  const { config } = read(
    'discovery: { zookeeper: { connect_string: "zk1:2181,zk2:2181", root_path: /apisix } }',
  );
  expect(config?.discovery.zookeeper).toMatchObject({ hosts: ['zk1:2181,zk2:2181'], prefix: '/apisix' });
});
