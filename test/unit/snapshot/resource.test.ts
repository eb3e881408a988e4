import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { makeResource } from '../../../src/snapshot/resource.js';
import { messageName, TYPE_URL } from '../../../src/snapshot/type-url.js';

const body = Buffer.from([10, 1, 97]);
const make = (...rest: [references?: string[], ttl?: number]) =>
  makeResource(TYPE_URL.cluster, 'a', body, ...rest);

test('any is the encoded google.protobuf.Any and ends in the body', () => {
  const { any, body: end } = make();
  const type = protobuf.common.get('google/protobuf/any.proto');
  const decoded = protobuf.Root.fromJSON(type ?? {})
    .lookupType('google.protobuf.Any')
    .decode(any);
  expect(decoded).toMatchObject({ type_url: TYPE_URL.cluster, value: body });
  expect(end).toEqual(body);
  expect(end.buffer).toBe(any.buffer);
});

test('the version tells name, type, content and TTL apart, and nothing else', () => {
  const versions = [
    make(),
    make([], 1_000),
    make([], 0),
    makeResource(TYPE_URL.cluster, 'b', body),
    makeResource(TYPE_URL.endpoints, 'a', body),
    makeResource(TYPE_URL.cluster, 'a', Buffer.from([])),
  ].map(({ version }) => version);
  expect(new Set(versions).size).toBe(versions.length);
  expect(make(['x']).version).toBe(make().version);
});

test('a resource without a TTL has none', () => {
  expect(make()).not.toHaveProperty('ttl');
  expect(make([], 5)).toMatchObject({ ttl: 5 });
});

test('the name of the message is what stands after the last slash', () => {
  expect(messageName(TYPE_URL.cluster)).toBe('envoy.config.cluster.v3.Cluster');
  expect(messageName('plain.Name')).toBe('plain.Name');
});
