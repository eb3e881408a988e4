import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { envoyBootstrap } from '../../../src/cli/bootstrap.js';
import { runCommandLine } from '../../../src/cli/command-line.js';
import type { Config } from '../../../src/config/schema.js';
import { signalbox } from '../../support/command.js';
import { ended, start } from './run.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('signalbox', () => {
  test.each([[], ['serve'], ['relay'], ['validate'], ['bootstrap']])('%s --help', async (...command) => {
    const { code, stdout, stderr } = await signalbox(...command, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ${['signalbox', ...command].join(' ')} [options]`);
  });

  test.each([
    [['servr'], '(Did you mean serve?)'],
    [[], 'Usage: signalbox'],
    [['serve'], "required option '-c, --config <file>'"],
    [['validate', '-c'], 'argument missing'],
    [['serve', '-c', 'x', '--xds', '18000'], 'expected an address such as'],
    [['serve', '-c', 'x', '--log-level', 'loud'], 'expected one of: trace, debug'],
    [['bootstrap', '--mode', 'other'], 'delta, sotw'],
    [['bootstrap', '--xds', '127.0.0.1:0'], 'expected a port above 0'],
    [['bootstrap', '--admin', 'localhost:1'], 'expected an IP address'],
    [['relay'], "required option '--upstream <address>'"],
    [['relay', '--upstream', 'a:1', '--upstream-cert', 'c', '--upstream-key', 'k'], 'needs --upstream-ca'],
    [['relay', '--upstream', 'a:1', '--upstream-ca', 'a', '--upstream-key', 'k'], 'go together'],
    [['relay', '--upstream', 'a:1', '--tls-cert', 'c'], '--tls-cert and --tls-key go together'],
    [['relay', '--upstream', 'a:1', '--tls-client-ca', 'c'], 'needs --tls-cert'],
    [
      ['relay', '--upstream', 'a:1', '--admin', '0.0.0.0:1'],
      '--admin beyond loopback needs --admin-token-file',
    ],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await signalbox(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('validate accepts a good file, warnings included', async () => {
    file('a', 'services: {}');
    const path = file('good.yaml', 'discovery:\n  file:\n    path: a\n    sort_type: origin\n');
    expect(await signalbox('validate', '-c', path)).toEqual({
      code: 0,
      stdout: `${path} is valid\n`,
      stderr: `${path}:4:5: discovery.file.sort_type: warning: this option of APISIX is ignored: instances always have a fixed order here\n`,
    });
  });

  test('validate tells every problem of a bad file', async () => {
    const path = file('bad.yaml', 'auto_routes: 1\nlistners: []\n');
    expect(await signalbox('validate', '-c', path)).toEqual({
      code: 1,
      stdout: '',
      stderr: [
        `${path}:1:14: auto_routes: expected true or false, found a number`,
        `${path}:2:1: listners: unknown key, did you mean "listeners"?`,
        `${path}: 2 problems\n`,
      ].join('\n'),
    });
  });

  describe('validate reads the services files', () => {
    const path = () =>
      file('services-of.yaml', 'discovery:\n  local: { type: file, path: s.yaml, skip_services: [old-*] }\n');
    const services = (text: string) => file('s.yaml', text);

    test('and tells their problems', async () => {
      const at = services('services:\n  web:\n    - { host: a, prot: 80 }\n  old-web: [{}]\n');
      expect(await signalbox('validate', '-c', path())).toEqual({
        code: 1,
        stdout: '',
        stderr: [
          `${at}:3:7: services.web[0]: "port" is missing; unknown key "prot", did you mean "port"?`,
          `${path()}: 1 problem\n`,
        ].join('\n'),
      });
      services('service:\n  web: []\n');
      expect(await signalbox('validate', '-c', path())).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`${at}:2:3: unknown key "service", did you mean "services"?\n`),
      });
    });

    test('where they are there, and right', async () => {
      const at = services('services: { web: [{ host: a, port: 80, weight: heavy }] }\n');
      expect(await signalbox('validate', '-c', path())).toEqual({
        code: 0,
        stdout: `${path()} is valid\n`,
        stderr: `${at}:1:19: services.web[0]: warning: weight "heavy" is no number; 1 is used\n`,
      });
      rmSync(at);
      expect(await signalbox('validate', '-c', path())).toEqual({
        code: 0,
        stdout: `${path()} is valid\n`,
        stderr: `${at}: warning: there is no file to read\n`,
      });
    });
  });

  test('serve does not start with a bad file', async () => {
    const path = file('bad2.yaml', 'listners: []\n');
    expect(await signalbox('serve', '-c', path)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${path}:1:1: listners: unknown key, did you mean "listeners"?\n`,
    });
  });

  test('bootstrap prints YAML', async () => {
    const { code, stdout } = await signalbox(
      'bootstrap',
      '--xds',
      '[::1]:5',
      '--node',
      'a: #b',
      '--mode',
      'delta',
    );
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({
      node: { id: 'a: #b', cluster: 'envoy' },
      dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC', set_node_on_first_message_only: true } },
      cluster_manager: { load_stats_config: { grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }] } },
    });
  });

  test('bootstrap --no-load-reports prints one that reports nothing', async () => {
    const { code, stdout } = await signalbox('bootstrap', '--no-load-reports');
    expect(code).toBe(0);
    expect(stdout).not.toContain('load_stats');
    expect(Object.keys(parse(stdout))).toEqual(['node', 'admin', 'dynamic_resources', 'static_resources']);
  });
});

describe('serve', () => {
  afterEach(() => vi.unstubAllEnvs());

  const started = async (...args: readonly string[]) => {
    const path = file('serve.yaml', 'xds: { listen: 127.0.0.1:1 }\nadmin: { listen: 127.0.0.1:1001 }');
    const configs: Config[] = [];
    const silent = { stdout: { write: () => true }, stderr: { write: () => true } };
    const all = ['serve', '-c', path, '--log-level', 'silent', ...args];
    const code = await runCommandLine(all, silent, async (config) => {
      configs.push(config);
      throw new Error('no further');
    });
    return {
      code,
      ports: configs.map(({ xds, admin }) => [xds.listen.port, admin.listen.port]),
      workers: configs.map(({ xds }) => xds.workers),
    };
  };

  test('a flag beats the environment, which beats the file', async () => {
    expect(await started()).toMatchObject({ code: 1, ports: [[1, 1001]] });
    vi.stubEnv('SIGNALBOX_XDS_LISTEN', '127.0.0.1:2');
    vi.stubEnv('SIGNALBOX_ADMIN_LISTEN', '');
    expect(await started()).toMatchObject({ code: 1, ports: [[2, 1001]] });
    vi.stubEnv('SIGNALBOX_ADMIN_LISTEN', '[::1]:1002');
    expect(await started('--xds', '127.0.0.1:3')).toMatchObject({ code: 1, ports: [[3, 1002]] });
  });

  test('the number of workers', async () => {
    expect((await started()).workers).toEqual([0]);
    vi.stubEnv('SIGNALBOX_XDS_WORKERS', '3');
    expect((await started()).workers).toEqual([3]);
    expect((await started('--workers', '0')).workers).toEqual([0]);
    for (const wrong of ['65', '-1', '1.5', 'many']) expect((await started('--workers', wrong)).code).toBe(2);
  });

  test.each([
    'SIGNALBOX_XDS_LISTEN',
    'SIGNALBOX_ADMIN_LISTEN',
    'SIGNALBOX_LOG_LEVEL',
    'SIGNALBOX_XDS_WORKERS',
  ])('a %s that says nothing sensible is wrong usage', async (variable) => {
    vi.stubEnv(variable, 'nonsense');
    const { code, stderr } = await signalbox('serve', '-c', 'x');
    expect(code).toBe(2);
    expect(stderr).toContain(`from env '${variable}' is invalid`);
  });
});

test('the program ends with the code of its command', { timeout: 30_000 }, async () => {
  const help = start('src/cli/main.ts', '--help');
  const bad = start('src/cli/main.ts', 'validate', '-c', '/nowhere');
  const wrong = start('src/cli/main.ts', 'servr');
  expect(await Promise.all([help, bad, wrong].map(ended))).toEqual([0, 1, 2]);
  expect(help.output).toContain('Usage: signalbox');
  expect(bad.output).toContain('/nowhere: cannot be read');
  expect(wrong.output).toContain('Did you mean serve?');
});

test('a zone is told to Envoy, with the cluster of its own proxies; a region alone is only told', () => {
  const address = { host: '127.0.0.1', port: 1 };
  const common = {
    xds: address,
    admin: address,
    mode: 'delta',
    node: 'n',
    cluster: 'c',
    loadReports: false,
  } as const;
  const zoned = parse(envoyBootstrap({ ...common, region: 'eu', zone: 'z', subZone: 's' }));
  const locality = { region: 'eu', zone: 'z', sub_zone: 's' };
  expect(zoned.node.locality).toEqual(locality);
  expect(zoned.cluster_manager).toEqual({ local_cluster_name: 'local_zone' });
  expect(zoned.static_resources.clusters.at(-1)).toMatchObject({
    name: 'local_zone',
    load_assignment: { endpoints: [{ locality }] },
  });
  const regional = parse(envoyBootstrap({ ...common, region: 'eu' }));
  expect(regional.node.locality).toEqual({ region: 'eu' });
  expect(regional).not.toHaveProperty('cluster_manager');
  expect(regional.static_resources.clusters).toHaveLength(1);
});

test('every value finds its place in the bootstrap', () => {
  const printed = envoyBootstrap({
    xds: { host: 'xds.example.com', port: 5 },
    admin: { host: '::1', port: 6 },
    mode: 'sotw',
    node: 'n',
    cluster: 'c',
    loadReports: true,
  });
  expect(printed).not.toContain('envoy/');
  const { node, admin, dynamic_resources, static_resources } = parse(printed);
  expect(node).toEqual({ id: 'n', cluster: 'c' });
  expect(admin.address.socket_address).toEqual({ address: '::1', port_value: 6 });
  expect(dynamic_resources.ads_config.api_type).toBe('GRPC');
  const [{ load_assignment }] = static_resources.clusters;
  expect(load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address).toEqual({
    address: 'xds.example.com',
    port_value: 5,
  });
});
