import { expect, test } from 'vitest';
import { apiDescriptors, apiType, decode, encode, pack } from '../../../src/protobuf/messages.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';

test('what is encoded is decoded again, with the field names of the protos', () => {
  const cluster = {
    name: 'web',
    type: 'STRICT_DNS',
    connect_timeout: { seconds: '5', nanos: 0 },
    eds_cluster_config: { service_name: 'w' },
  } as const;
  expect(decode(CLUSTER, encode(CLUSTER, cluster))).toEqual(cluster);
  expect(decode(CLUSTER, encode(CLUSTER, {}))).toEqual({});
});

test('a packed message carries its type', () => {
  expect(pack('envoy.extensions.filters.http.router.v3.Router', {})).toEqual({
    type_url: 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
    value: Buffer.alloc(0),
  });
});

test('bytes that are no such message are an error with a code', () => {
  expect(() => decode(CLUSTER, Buffer.from([4 * 8 + 2, 200, 1]))).toThrow(
    expect.objectContaining({ code: 'resource_invalid', message: expect.stringContaining(CLUSTER) }),
  );
});

test('names that are no types leave nothing behind', () => {
  const held = () => JSON.stringify(Object.keys(Reflect.get(apiDescriptors(), '_lookupCache') ?? {})).length;
  expect(apiType(CLUSTER)?.fullName).toBe(`.${CLUSTER}`);
  const before = held();
  for (let count = 0; count < 1_000; count += 1) expect(apiType(`envoy.none.${count}`)).toBeUndefined();
  for (const name of [
    '',
    '.',
    'Cluster',
    `.${CLUSTER}`,
    '__proto__',
    'constructor',
    `${CLUSTER}.name`,
    'a.'.repeat(100_000),
  ])
    expect(apiType(name)).toBeUndefined();
  expect(held()).toBe(before);
});
