import { describe, expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';
import { DocumentSet } from '../../../src/documents/document-set.js';
import type { DocumentTable } from '../../../src/documents/document-table.js';
import { SignalboxTable } from '../../../src/documents/signalbox/table.js';
import { toJson } from '../../../src/protobuf/json.js';
import { clusterPolicy } from '../../../src/publish/policy.js';
import { clusterResource } from '../../../src/resources/cluster.js';
import { RouteConfigurations } from '../../../src/resources/route/configuration.js';
import { nestedJson } from '../../support/poison.js';

const TOO_DEEP = /nested deeper than 32 levels/;
const TOO_LARGE = /has 307\d{3} bytes, and 262144 is the most/;
const NO_UNICODE = /half of a surrogate pair/;
const LARGE = 'x'.repeat(300 * 1024);
const route = (more: string) => `{"match":{"prefix":"/bad/"},"service_name":"bad"${more}}`;
const struct = (json: string) => `"envoy":{"metadata":{"filter_metadata":{"x":${json}}}}`;
const apisix = (more: string) => `{"uri":"/bad","upstream":{"nodes":{"10.0.0.1:80":1}}${more}}`;

/** Keys and texts of documents; the reason, or undefined where the document is in force. */
const SIGNALBOX: readonly (readonly [string, string, string, RegExp | undefined])[] = [
  ['5,000 levels', 'routes/bad', route(`,${struct(nestedJson(5_000))}`), TOO_DEEP],
  ['a hundred thousand lists', 'routes/bad', route(`,"x":${'['.repeat(1e5)}${']'.repeat(1e5)}`), TOO_DEEP],
  ['a Struct of 400 bytes', 'routes/bad', route(`,${struct(nestedJson(60))}`), TOO_DEEP],
  ['33 levels', 'routes/bad', route(`,${struct(nestedJson(29))}`), TOO_DEEP],
  ['32 levels', 'routes/bad', route(`,${struct(nestedJson(28))}`), undefined],
  ['300 KiB', 'routes/bad', route(`,"name":"${LARGE}"`), TOO_LARGE],
  ['half a pair', 'routes/bad', route(String.raw`,"headers":{"request":{"set":{"a":"\ud800"}}}`), NO_UNICODE],
  ['half a pair in a key', 'routes/bad', route(`,${struct(String.raw`{"\udc00":1}`)}`), NO_UNICODE],
  ['a whole pair', 'routes/bad', route(`,${struct(String.raw`{"\ud83d\ude00":1}`)}`), undefined],
  [
    'names of what every object has',
    'routes/bad',
    route(`,${struct('{"__proto__":{"toString":1}}')}`),
    undefined,
  ],
  [
    'such names as fields',
    'routes/bad',
    route(',"__proto__":{"a":1},"envoy":{"constructor":1}'),
    /no such field|unknown key/,
  ],
  ['numbers beyond all', 'routes/bad', route(`,"timeout":1e999,${struct('{"a":1e999,"b":-0}')}`), /timeout/],
  ['a Struct with infinity', 'routes/bad', route(`,${struct('{"a":1e999,"b":-0}')}`), /number/],
  [
    'lists for everything',
    'routes/bad',
    '{"match":[],"service_name":[],"envoy":[[]],"timeout":[{}]}',
    /match/,
  ],
  [
    'a thousand unknown keys',
    'routes/bad',
    `{${Array.from({ length: 1_000 }, (_, n) => `"k${n}":1`)}}`,
    /unknown key/,
  ],
  [
    '20,000 hosts',
    'routes/bad',
    route(`,"hosts":[${Array.from({ length: 20_000 }, (_, n) => `"h${n}"`)}]`),
    /hosts: expected at most 1000/,
  ],
  [
    'the name of a service of 2,000 bytes',
    'routes/bad',
    `{"match":{"prefix":"/"},"service_name":"${'x'.repeat(2_000)}"}`,
    /2000 bytes, and 1024 is the most/,
  ],
  [
    'NUL in the name of a service',
    'routes/bad',
    String.raw`{"match":{"prefix":"/"},"weighted":[{"service_name":"a\u0000","weight":1}]}`,
    /control character/,
  ],
  ['5,000 levels', 'services/bad', `{${struct(nestedJson(5_000))}}`, TOO_DEEP],
  ['33 levels', 'services/bad', `{${struct(nestedJson(29))}}`, TOO_DEEP],
  ['32 levels', 'services/bad', `{${struct(nestedJson(28))}}`, undefined],
  ['300 KiB', 'services/bad', `{"lb_policy":"${LARGE}"}`, TOO_LARGE],
  ['half a pair', 'services/bad', String.raw`{"tls":{"sni":"\ud800"}}`, NO_UNICODE],
  ['lists for everything', 'services/bad', '{"lb_policy":[[]],"envoy":[],"tls":[1]}', /lb_policy/],
];

const APISIX: readonly (readonly [string, string, string, RegExp | undefined])[] = [
  ['5,000 levels', 'routes/bad', apisix(`,"labels":${nestedJson(5_000)}`), TOO_DEEP],
  ['33 levels', 'routes/bad', apisix(`,"labels":${nestedJson(33)}`), TOO_DEEP],
  ['30 levels', 'routes/bad', apisix(`,"labels":${nestedJson(30)}`), undefined],
  ['300 KiB', 'routes/bad', apisix(`,"desc":"${LARGE}"`), TOO_LARGE],
  ['half a pair', 'routes/bad', apisix(String.raw`,"hosts":["\ud800"]`), NO_UNICODE],
  [
    'plugins of odd names',
    'routes/bad',
    apisix(',"plugins":{"__proto__":{"a":1},"toString":{}}'),
    /not carried over/,
  ],
  [
    'lists for everything',
    'routes/bad',
    '{"uri":[],"upstream":[[{}]],"plugins":[],"hosts":[{}],"methods":{"a":[]},"timeout":[],"priority":[],"service_id":[{}]}',
    /"upstream" is no object/,
  ],
  ['numbers beyond all', 'routes/bad', apisix(',"timeout":{"connect":1e999,"send":1,"read":-0}'), /timeout/],
  [
    '20,000 hosts',
    'routes/bad',
    apisix(`,"hosts":[${Array.from({ length: 20_000 }, (_, n) => `"h${n}"`)}]`),
    /20000 hosts, and 1000 is the most/,
  ],
  [
    '20,000 paths',
    'routes/bad',
    `{"uris":[${Array.from({ length: 20_000 }, (_, n) => `"/${n}"`)}]}`,
    /20000 paths, and 1000 is the most/,
  ],
  [
    'NUL in the name of a service',
    'routes/bad',
    String.raw`{"uri":"/","upstream":{"service_name":"a\u0000","discovery_type":"consul"}}`,
    /control character/,
  ],
  ['a disabled one', 'routes/bad', '{"status":0,"plugins":[[]]}', undefined],
  ['an upstream of 5,000 levels', 'upstreams/bad', `{"nodes":${nestedJson(5_000)}}`, TOO_DEEP],
  ['an upstream of 300 KiB', 'upstreams/bad', `{"nodes":{"10.0.0.1:80":1},"desc":"${LARGE}"}`, TOO_LARGE],
  ['a service of 5,000 levels', 'services/bad', `{"plugins":${nestedJson(5_000)}}`, TOO_DEEP],
  ['a service of lists', 'services/bad', '{"plugins":[],"hosts":[[]],"upstream":[]}', /./],
];

const GOOD = {
  signalbox: {
    'routes/good': '{"match":{"prefix":"/good/"},"service_name":"good"}',
    'services/good': '{"connect_timeout":"1s"}',
  },
  apisix: { 'routes/good': '{"uri":"/good","upstream":{"nodes":{"10.0.0.2:80":1}}}' },
} as const;

/** What is done with documents from then on. */
function published(set: DocumentSet): void {
  const rules = set.routes().flatMap((document) => document.rules);
  for (const { body } of new RouteConfigurations().build(['http'], rules)) {
    const shown = JSON.stringify(toJson('envoy.config.route.v3.RouteConfiguration', body));
    expect(shown).not.toMatch(/\\ud[89a-f]|\ufffd/);
  }
  for (const { policy } of set.policies()) {
    const cluster = clusterResource('bad', [], clusterPolicy([policy], []));
    JSON.stringify(toJson('envoy.config.cluster.v3.Cluster', cluster.body));
  }
  JSON.stringify([set.routes(), set.policies()]);
}

function take(table: DocumentTable, set: DocumentSet, whole = true): void {
  set.apply('store', table.take(), whole);
}

function checkStore(
  table: DocumentTable,
  good: Readonly<Record<string, string>>,
  key: string,
  text: string,
  reason: RegExp | undefined,
  rejected: (set: DocumentSet) => string | undefined,
): void {
  const set = new DocumentSet();
  for (const [name, value] of Object.entries(good)) table.change(name, value);
  table.change(key, text);
  take(table, set);
  const goodRoute = () => set.routes().find(({ id }) => id.endsWith('good'));
  const [rule] = goodRoute()?.rules ?? [];
  expect(rule).toBeDefined();
  if (reason === undefined) expect(rejected(set)).toBeUndefined();
  else expect(rejected(set)).toMatch(reason);
  expect(rejected(set)?.length ?? 0).toBeLessThan(2_100);
  published(set);
  // The others are followed on.
  table.change(key, text);
  table.change('routes/later', good['routes/good']);
  take(table, set, false);
  expect(set.routes().find(({ id }) => id.endsWith('later'))?.rules).toHaveLength(1);
  expect(goodRoute()?.rules[0]).toBe(rule);
  published(set);
}

describe("Signalbox's own documents", () => {
  test.each(SIGNALBOX)('%s in %s', (_, key, text, reason) => {
    checkStore(
      new SignalboxTable('/s/'),
      GOOD.signalbox,
      key,
      text,
      reason,
      (set) => [...set.routes(), ...set.policies()].find(({ id }) => id.endsWith('bad'))?.rejected,
    );
  });
});

describe("Apache APISIX's documents", () => {
  test.each(APISIX)('%s in %s', (_, key, text, reason) => {
    const table = new ApisixTable('/a/');
    const [folder] = key.split('/');
    // What is wrong in an upstream or a service is the reason of the routes that need it.
    const field = folder === 'upstreams' ? 'upstream_id' : 'service_id';
    if (folder !== 'routes') table.change('routes/uses', `{"uri":"/x","${field}":"bad"}`);
    checkStore(
      table,
      GOOD.apisix,
      key,
      text,
      reason,
      (set) => set.routes().find(({ id }) => id.endsWith(folder === 'routes' ? 'bad' : 'uses'))?.rejected,
    );
  });
});
