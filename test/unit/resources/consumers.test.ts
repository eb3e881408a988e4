import { expect, test } from 'vitest';
import { consumers as schema } from '../../../src/config/consumers.js';
import { auth } from '../../../src/config/route-auth.js';
import { type Consumer, distinctConsumers } from '../../../src/model/consumer.js';
import { toJson } from '../../../src/protobuf/json.js';
import { consumerResources } from '../../../src/resources/consumers/resources.js';

const rule = (given: object) => ({
  match: { prefix: '/' },
  service_name: 'a',
  auth: auth.parse(given),
});

function written(consumers: readonly Consumer[], given: object = { token: { header: 'authorization' } }) {
  const resources = consumerResources(consumers, [rule(given), rule(given)]);
  return Object.fromEntries(
    resources.map(({ name, body }) => [
      name,
      Reflect.get(Object(toJson('envoy.config.core.v3.TypedExtensionConfig', body)), 'typed_config'),
    ]),
  );
}

const everything: Consumer = {
  name: 'alice',
  api_keys: ['key-of-alice'],
  logins: [{ username: 'al', password: 'password-of-alice' }],
  tokens: [{ key: 'claim', algorithm: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } }],
};

test('the order of consumers does not show, and keys and passwords are not told', () => {
  const bob: Consumer = { name: 'bob', api_keys: ['key-of-bob'] };
  const versions = (consumers: readonly Consumer[]) =>
    consumerResources(consumers, []).map(({ version }) => version);
  expect(versions([everything, bob])).toEqual(versions([bob, everything]));
  expect(versions([everything, bob])).not.toEqual(versions([everything]));
  expect(JSON.stringify(written([everything, bob]))).not.toMatch(/key-of|password-of/);
});

test('a token is tried with each key, with "Bearer" and without', () => {
  const { 'signalbox.token': filter } = written([everything]);
  const requirement = '["authorization",null,null,"key",false]';
  const names = [`${requirement} claim`, `${requirement} claim plain`];
  expect(Object.keys(filter.providers)).toEqual(names);
  expect(filter.requirement_map).toEqual({
    [requirement]: { requires_any: { requirements: names.map((provider_name) => ({ provider_name })) } },
  });
});

test('where nobody has a key for tokens none is enough', () => {
  const { 'signalbox.token': filter } = written([]);
  const [requirement] = Object.values<{ provider_name: string }>(filter.requirement_map);
  expect(requirement?.provider_name).toBe('["authorization",null,null,"key",false] none');
});

test('names cannot end the texts of the script', () => {
  const evil = '"]]\n\\end';
  const { 'signalbox.consumer_of_token': filter } = written([{ ...everything, name: evil }]);
  expect(filter.default_source_code.inline_string).not.toContain(evil);
});

test('consumers who prove to be somebody by the same: the first counts', () => {
  const placed = (...consumers: readonly Consumer[]) => consumers.map((consumer) => ({ consumer }));
  const names = (...consumers: readonly Consumer[]) =>
    distinctConsumers(placed(...consumers)).counting.map(({ consumer }) => consumer.name);
  expect(names(everything, { name: 'b', api_keys: ['key-of-alice'] })).toEqual(['alice']);
  expect(names(everything, { name: 'b', logins: [{ username: 'al', password: 'x' }] })).toEqual(['alice']);
  expect(names(everything, { name: 'b', tokens: everything.tokens })).toEqual(['alice']);
  expect(names({ name: 'b', api_keys: ['k', 'k'] })).toEqual([]);
  expect(names(everything, { name: 'b', api_keys: ['claim', 'al'] })).toEqual(['alice', 'b']);
  const many = Array.from(
    { length: 201 },
    (_, index): Consumer => ({
      name: `c${index}`,
      tokens: [{ key: `k${index}`, algorithm: 'HS256', jwk: {} }],
    }),
  );
  expect(names(...many)).toHaveLength(200);
});

test.each([
  [{ a: { tokens: [{ key: 'k' }] } }, 'needs "secret"'],
  [{ a: { tokens: [{ key: 'k', algorithm: 'RS256', secret: 's' }] } }, 'needs "public_key"'],
  [{ a: { tokens: [{ key: 'k', algorithm: 'RS256', public_key: 'no PEM' }] } }, 'is no public key for RS256'],
  [{ a: { api_keys: [' k'] } }, 'printable ASCII'],
  [{ a: { logins: [{ username: 'a:b', password: 'x' }] } }, 'without ":"'],
])('%j is no consumer', (given, reason) => {
  expect(schema.safeParse(given).error?.issues[0]?.message).toContain(reason);
});
