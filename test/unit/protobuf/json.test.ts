import { describe, expect, test } from 'vitest';
import type { MessageTypes } from '../../../src/generated/messages.js';
import { toJson } from '../../../src/protobuf/json.js';
import { encode, type MessageName, pack } from '../../../src/protobuf/messages.js';

const json = <Name extends MessageName>(name: Name, message: MessageTypes[Name]) =>
  toJson(name, encode(name, message));
const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';

test('field names as in the protos, enums by name, nothing that was not said', () => {
  expect(json(CLUSTER, { name: 'web', lb_policy: 'MAGLEV', eds_cluster_config: {} })).toEqual({
    name: 'web',
    lb_policy: 'MAGLEV',
    eds_cluster_config: {},
  });
  expect(json(CLUSTER, {})).toEqual({});
});

test('a number that the enum does not know stays a number', () => {
  const lbPolicy99 = Buffer.from([6 * 8, 99]);
  expect(toJson(CLUSTER, lbPolicy99)).toEqual({ lb_policy: 99 });
});

test.each([
  [{ seconds: 5 }, '5s'],
  [{}, '0s'],
  [{ seconds: 1, nanos: 500_000_000 }, '1.5s'],
  [{ nanos: 1 }, '0.000000001s'],
  [{ seconds: '315576000000' }, '315576000000s'],
])('the duration %j is %s', (connect_timeout, text) => {
  expect(json(CLUSTER, { connect_timeout })).toEqual({ connect_timeout: text });
});

test('wrappers are their values, defaults included', () => {
  expect(
    json(CLUSTER, {
      per_connection_buffer_limit_bytes: { value: 0 },
      respect_dns_ttl: false,
      common_lb_config: { healthy_panic_threshold: { value: 50 } },
    }),
  ).toEqual({
    per_connection_buffer_limit_bytes: 0,
    respect_dns_ttl: false,
    common_lb_config: { healthy_panic_threshold: { value: 50 } },
  });
});

test('a struct is a plain object', () => {
  const endpoint = {
    metadata: { filter_metadata: { 'envoy.lb': { fields: { version: { stringValue: 'v1' } } } } },
  };
  expect(
    json('envoy.config.endpoint.v3.ClusterLoadAssignment', {
      cluster_name: 'web',
      endpoints: [{ lb_endpoints: [endpoint] }],
    }),
  ).toEqual({
    cluster_name: 'web',
    endpoints: [{ lb_endpoints: [{ metadata: { filter_metadata: { 'envoy.lb': { version: 'v1' } } } }] }],
  });
});

describe('Any', () => {
  const filter = (typed_config: { readonly type_url: string; readonly value: Uint8Array }) =>
    json('envoy.config.core.v3.TypedExtensionConfig', { name: 'f', typed_config });

  test('a message with its type beside its fields', () => {
    expect(filter(pack(ROUTER, { suppress_envoy_headers: true }))).toEqual({
      name: 'f',
      typed_config: { '@type': `type.googleapis.com/${ROUTER}`, suppress_envoy_headers: true },
    });
  });

  test('a well-known type stands under "value"', () => {
    const struct = pack('google.protobuf.Struct', { fields: { a: { numberValue: 1 } } });
    expect(filter(struct)).toEqual({
      name: 'f',
      typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { a: 1 } },
    });
  });

  test('a type that is not known is its bytes', () => {
    const type_url = 'type.googleapis.com/acme.Unknown';
    expect(filter({ type_url, value: Buffer.from([1, 2, 3]) })).toEqual({
      name: 'f',
      typed_config: { '@type': type_url, value: 'AQID' },
    });
  });
});

test('bytes are base64', () => {
  expect(json('google.protobuf.BytesValue', { value: Buffer.from([255, 254]) })).toBe('//4=');
});

test('a type that is not known is its bytes', () => {
  expect(toJson('acme.Unknown', Buffer.from([1]))).toEqual({
    '@type': 'type.googleapis.com/acme.Unknown',
    value: 'AQ==',
  });
  // The name of a package is none of a message.
  expect(toJson('envoy.config', Buffer.alloc(0))).toHaveProperty('@type');
});

test('bytes that are no such message are shown by the reason, and not themselves: they may be a secret', () => {
  const secret = 'envoy.extensions.transport_sockets.tls.v3.Secret';
  for (const [name, bytes] of [
    [secret, Buffer.from('\xff hunter2', 'latin1')],
    [CLUSTER, Buffer.from([25 * 8 + 2, 1, 1, 0xff])],
  ] as const)
    expect(toJson(name, bytes)).toEqual({
      '@type': `type.googleapis.com/${name}`,
      unreadable: expect.stringMatching(/^(?!.*hunter2)./),
    });
});

test('an Any without a type is an empty object, which can be read again', () => {
  const bytes = encode('envoy.config.route.v3.FilterConfig', {
    config: { type_url: '', value: new Uint8Array() },
  });
  expect(toJson('envoy.config.route.v3.FilterConfig', bytes)).toEqual({ config: {} });
});
