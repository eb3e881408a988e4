import { expect, test } from 'vitest';
import { readCatalogInstance } from '../../../../src/discovery/consul/catalog-instance.js';
import { consulOptions } from '../../../../src/discovery/consul/options.js';

const service = {
  ID: 'web-1',
  Service: 'web',
  Address: '10.0.0.1',
  Port: 8080,
  Tags: ['b', 'a'],
  Meta: { version: 'v1' },
  Weights: { Passing: 5, Warning: 1 },
};
const read = (change: object, options: object = {}, checks: unknown = []) =>
  readCatalogInstance(
    { Node: { Node: 'n', Address: '10.1.0.1' }, Service: { ...service, ...change }, Checks: checks },
    consulOptions.parse({ type: 'consul', servers: ['http://a'], ...options }),
  );

test('tags and meta become metadata, and the weight is the option unless weights are asked for', () => {
  const metadata = { tags: 'a,b', 'tag.a': 'true', 'tag.b': 'true', version: 'v1' };
  expect(read({})?.instance).toEqual({ host: '10.0.0.1', port: 8080, weight: 1, metadata });
  expect(read({}, { weight: 7 })?.instance?.weight).toBe(7);
  expect(read({}, { use_weights: true })?.instance?.weight).toBe(5);
  expect(read({ Weights: null }, { use_weights: true, weight: 7 })?.instance?.weight).toBe(7);
});

test.each<[object, object]>([
  [{ Address: '' }, { host: '10.1.0.1' }],
  [{ Address: undefined }, { host: '10.1.0.1' }],
  [{ Address: '2001:db8:0::1' }, { host: '2001:db8::1' }],
  [{ Address: 'Web.example.com' }, { host: 'web.example.com' }],
  [{ Port: 0 }, { port: 80 }],
  [{ Port: undefined }, { port: 80 }],
  [{ Meta: null, Tags: null }, { metadata: {} }],
  [{ Meta: { tags: 'mine' }, Tags: ['a'] }, { metadata: { tags: 'mine', 'tag.a': 'true' } }],
  [{ Locality: { Region: 'r', Zone: 'z' } }, { locality: { region: 'r', zone: 'z' } }],
  [{ Locality: null }, { host: '10.0.0.1' }],
])('%j gives %j', (change, expected) => {
  expect(read(change)?.instance).toMatchObject(expected);
});

test.each<[object, object, string]>([
  [{ Address: 'no address!' }, {}, 'bad_address'],
  [{ Port: -2 }, {}, 'bad_port'],
  [{ Weights: { Passing: 0 } }, { use_weights: true }, 'weight_zero'],
  [{ Weights: { Passing: -2 } }, { use_weights: true }, 'bad_weight'],
])('%j with %j is filtered: %s', (change, options, reason) => {
  expect(read(change, options)?.filtered?.reason).toBe(reason);
});

test.each([
  [[], true],
  [null, true],
  [[{ CheckID: 'a', Status: 'passing' }], true],
  [
    [
      { CheckID: 'a', Status: 'passing' },
      { CheckID: 'b', Status: 'warning' },
    ],
    false,
  ],
  [[{ CheckID: 'serfHealth', Status: 'critical' }], false],
  [[{ CheckID: '_node_maintenance', Status: 'critical' }], false],
])('with the checks %j it is served: %s', (checks, served) => {
  expect(read({}, {}, checks)?.filtered?.reason).toBe(served ? undefined : 'unhealthy');
});

test('an instance that lacks a tag or a value asked for is none of the service', () => {
  expect(read({}, { tags: ['a', 'b'], metadata: { version: 'v1' } })?.instance).toBeDefined();
  expect(read({}, { tags: ['a', 'c'] })).toBeUndefined();
  expect(read({}, { metadata: { version: 'v2' } })).toBeUndefined();
  expect(read({ Meta: null }, { metadata: { version: 'v1' } })).toBeUndefined();
});

test('what has no service is filtered', () => {
  const rules = consulOptions.parse({ type: 'consul', servers: ['http://a'] });
  for (const entry of ['x', null, {}, { Service: [] }])
    expect(readCatalogInstance(entry, rules)?.filtered?.reason).toBe('bad_value');
});
