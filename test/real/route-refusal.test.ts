import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteRule } from '../../src/model/route.js';
import { toJson } from '../../src/protobuf/json.js';
import { RouteConfigurations } from '../../src/resources/route/configuration.js';
import { refusalOf } from '../../src/resources/route/refusal.js';
import { installEnvoy } from '../peers/envoy.js';
import { PeerProcess } from '../peers/process.js';

let folder: string;
let program: string;
beforeAll(async () => {
  program = await installEnvoy();
  folder = mkdtempSync(join(tmpdir(), 'signalbox-refusal-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a real Envoy takes routes. */
async function envoyTakes(rules: readonly RouteRule[]): Promise<boolean> {
  const [built] = new RouteConfigurations().build(['routes'], rules);
  if (built === undefined) throw new Error('nothing was built');
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'routes',
    route_config: toJson('envoy.config.route.v3.RouteConfiguration', built.body),
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  const path = join(folder, 'envoy.json');
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  const listeners = [{ name: 'listener', address, filter_chains: [{ filters }] }];
  const clusters = [{ name: 'one', type: 'STATIC' }];
  writeFileSync(path, JSON.stringify({ static_resources: { listeners, clusters } }));
  const envoy = PeerProcess.start('envoy', program, ['--mode', 'validate', '-c', path, '-l', 'critical']);
  await envoy.ended;
  return envoy.exitCode === 0;
}

const to = (rule: Partial<RouteRule>): RouteRule => ({
  match: { prefix: '/' },
  service_name: 'one',
  ...rule,
});
const template = (text: string) => to({ match: { template: text } });
const regex = (text: string) => to({ match: { regex: text } });
const request = (edit: NonNullable<RouteRule['headers']>['request']) => to({ headers: { request: edit } });
const respond = (body: string): RouteRule => ({
  match: { path: '/d' },
  direct_response: { status: 200, body },
});

describe('what Envoy refuses is refused here', () => {
  test.each<[string, RouteRule]>([
    ['a look-ahead', regex('/(?=a)')],
    ['a back-reference', regex('/(a)\\1')],
    ['an open group', regex('/(')],
    ['an escape that is none', regex('/\\e')],
    ['a repetition beyond all bounds', regex('/a{1001}')],
    ['a regular expression of a header', to({ match: { prefix: '/', headers: { a: { regex: '(' } } } })],
    ['a regular expression of a parameter', to({ match: { prefix: '/', query: { a: { regex: '(' } } } })],
    ['a pattern of a rewrite', to({ rewrite: { regex: { pattern: '(', substitution: '' } } })],
    ['a program too large', regex('/[a-z]{1,900}')],
    ['a long text in a regular expression', regex(`/${'a'.repeat(150)}`)],
    ['repeated classes', regex('/[a-z0-9-]{36}/x')],
    ['a name twice in a template', template('/a/{b}/{b}')],
    ['six variables', template('/{a}/{b}/{c}/{d}/{e}/{f}')],
    ['a long name', template('/{abcdefghijklmnopqrstuvwxyz}')],
    ['a name with a hyphen', template('/{a-b}')],
    ['something after all segments', template('/**/**')],
    ['an empty segment', template('/a//b')],
    ['a lone %', request({ set: { a: '100%' } })],
    ['a command that is none', request({ set: { a: '%NONE%' } })],
    ['the host as a header', request({ set: { Host: 'a' } })],
    ['the path as a header', request({ add: { ':path': '/' } })],
    ['the host removed', request({ remove: ['host'] })],
    ['a line break in a header', request({ set: { a: 'b\nc' } })],
    ['a line break in a host', to({ rewrite: { host: 'a\nb' } })],
    ['a query in a prefix', to({ match: { prefix: '/a?b' } })],
    ['a body of too many bytes', respond('é'.repeat(4_000))],
    ['a time without end', to({ timeout: 10_000_000_000_000 })],
    ['a parameter of a name without end', to({ match: { prefix: '/', query: { ['a'.repeat(1_025)]: {} } } })],
  ])('%s', async (_, rule) => {
    expect(refusalOf(rule)).toEqual(expect.any(String));
    expect(await envoyTakes([rule])).toBe(false);
  });
});

test('what is taken here Envoy takes', async () => {
  const words = Array.from({ length: 40 }, (_, n) => `word${n}`).join('|');
  const rules: readonly RouteRule[] = [
    ...[
      '/(?P<a>b)',
      '(?i)/abc',
      '/\\p{L}+',
      '/[^/]+/[^/]+',
      '/a{2,40}',
      '/x|',
      '/\\w+/\\d+\\.html',
      '/.{30}',
      `/(?:${words})`,
      '^/(.*?)(/x/([a-z0-9_-]+)/?)',
      '/[a-z]{1,40}',
    ].map(regex),
    ...['/a/{b}', '/a{b}', '/a/**', '/a/**/b', '/a/{b=**}', '/a/{b=x/*}', '/a/{b}.html', '/*/b', '/'].map(
      template,
    ),
    ...['100%%', '%PROTOCOL%', '%REQ(x-a)%', '%START_TIME%', '', 'é'].map((text) =>
      request({ set: { a: text } }),
    ),
    respond('é'.repeat(2_048)),
    to({ timeout: 9_000_000_000_000 }),
    to({ hosts: ['a.b', '*.b', 'b.*', '*', '*-b.c'] }),
    to({ match: { starts_with: '/a?b' }, path_priority: 3 }),
  ];
  expect(rules.map(refusalOf).filter((reason) => reason !== undefined)).toEqual([]);
  expect(await envoyTakes(rules)).toBe(true);
});
