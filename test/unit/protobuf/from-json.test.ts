import { describe, expect, test } from 'vitest';
import { mergeJson } from '../../../src/protobuf/from-json.js';
import { toJson } from '../../../src/protobuf/json.js';
import { apiType } from '../../../src/protobuf/messages.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

/** What a merged message says, as JSON again. */
function merged(base: Readonly<Record<string, unknown>>, json: unknown): unknown {
  const { message, problems } = mergeJson(CLUSTER, base, json);
  expect(problems).toEqual([]);
  const type = apiType(CLUSTER);
  if (type === undefined) throw new Error('no cluster');
  return toJson(CLUSTER, type.encode(type.fromObject(message)).finish());
}
const socket = (fields: object) => ({ name: 'tls', typed_config: { '@type': TLS, ...fields } });

test.each<[object]>([
  [{ name: 'a', connect_timeout: '1.5s', lb_policy: 'MAGLEV', respect_dns_ttl: true }],
  [{ per_connection_buffer_limit_bytes: 0, common_lb_config: { healthy_panic_threshold: { value: 0.5 } } }],
  [{ transport_socket: socket({ sni: 'a', max_session_keys: 3 }) }],
  [{ metadata: { filter_metadata: { a: { b: [1, 'x', null, { c: true }] } } } }],
  [{ ring_hash_lb_config: { minimum_ring_size: '9007199254740993' } }],
  [{ health_checks: [{ tcp_health_check: { send: { binary: 'AQID' } } }] }],
  [{ connect_timeout: '-0.000000001s' }],
])('%j is read and shown the same', (json) => {
  expect(merged({}, json)).toEqual(json);
});

/** `{a: {a: …}}` of so many levels, or a list in it. */
function nested(levels: number, inside: unknown = {}): unknown {
  return levels === 1 ? inside : { a: nested(levels - 1, inside) };
}
const lists = (levels: number): unknown => (levels === 1 ? [] : [lists(levels - 1)]);
const filterMetadata = (json: unknown) => ({ metadata: { filter_metadata: { x: json } } });
const inAny = (json: unknown) => ({
  transport_socket: {
    name: 'a',
    typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: json },
  },
});

test.each([
  ['objects', filterMetadata(nested(31)), filterMetadata(nested(33))],
  ['lists', filterMetadata({ a: lists(46) }), filterMetadata({ a: lists(48) })],
  ['objects in what Envoy reads by itself', inAny(nested(32)), inAny(nested(34))],
])('data are as deep as Envoy takes them: %s', (_, fits, exceeds) => {
  expect(merged({}, fits)).toEqual(fits);
  const { problems } = mergeJson(CLUSTER, {}, exceeds);
  expect(problems.map(({ message }) => message)).toEqual(['is nested deeper than Envoy takes']);
});

test('messages in messages are as deep as Envoy takes them', () => {
  const not = (levels: number): unknown => (levels === 0 ? { any: true } : { not_rule: not(levels - 1) });
  const problemsOf = (json: unknown) =>
    mergeJson('envoy.config.rbac.v3.Permission', {}, json).problems.map(({ message }) => message);
  expect(problemsOf(not(96))).toEqual([]);
  expect(problemsOf(not(97))).toEqual(['is nested deeper than Envoy takes']);
  const deep: unknown = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`);
  for (const json of [deep, filterMetadata(deep), { metadata: deep }])
    expect(mergeJson(CLUSTER, {}, json).problems).toEqual([
      { path: [], at: 'value', message: 'is nested deeper than Envoy takes' },
    ]);
});

test('both spellings of a field', () => {
  expect(merged({}, { connectTimeout: '2s', edsClusterConfig: { serviceName: 'a' } })).toEqual({
    connect_timeout: '2s',
    eds_cluster_config: { service_name: 'a' },
  });
});

describe('over a message', () => {
  const base = {
    name: 'a',
    circuit_breakers: { thresholds: [{ max_requests: { value: 1 } }] },
    common_lb_config: { healthy_panic_threshold: { value: 10 } },
    ring_hash_lb_config: {},
  };

  test("messages are merged, lists replaced, members of a oneof take each other's place", () => {
    const over = {
      commonLbConfig: { ignore_new_hosts_until_first_hc: true },
      circuit_breakers: { thresholds: [] },
      maglev_lb_config: {},
    };
    expect(merged(base, over)).toEqual({
      name: 'a',
      circuit_breakers: {},
      common_lb_config: { healthy_panic_threshold: { value: 10 }, ignore_new_hosts_until_first_hc: true },
      maglev_lb_config: {},
    });
  });

  test('null takes out', () => {
    expect(
      merged(base, { circuit_breakers: null, ring_hash_lb_config: null, common_lb_config: null }),
    ).toEqual({ name: 'a' });
  });

  test('an Any is merged with one of its type', () => {
    const { message } = mergeJson(
      CLUSTER,
      {},
      { transport_socket: socket({ sni: 'a', max_session_keys: 3 }) },
    );
    expect(merged(message, { transport_socket: { typed_config: { '@type': TLS, sni: 'b' } } })).toEqual({
      transport_socket: socket({ sni: 'b', max_session_keys: 3 }),
    });
    expect(
      merged(message, {
        transport_socket: {
          typed_config: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '3s' },
        },
      }),
    ).toEqual({
      transport_socket: {
        name: 'tls',
        typed_config: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '3s' },
      },
    });
  });
});

test.each<[unknown, string]>([
  [[], 'expected a mapping: envoy.config.cluster.v3.Cluster'],
  [{ name: 1 }, 'expected a text'],
  [{ connect_timeout: '500ms' }, 'expected a time in seconds with its unit, such as "1.5s"'],
  [{ per_connection_buffer_limit_bytes: 1.5 }, 'expected a whole number from 0 to 4294967295'],
  [{ per_connection_buffer_limit_bytes: -1 }, 'expected a whole number from 0 to 4294967295'],
  [{ respect_dns_ttl: 'true' }, 'expected true or false'],
  [{ health_checks: {} }, 'expected a list'],
  [{ typed_extension_protocol_options: [] }, 'expected a mapping'],
  [{ connectTimeout: '1s', connect_timeout: '1s' }, '"connect_timeout" stands here twice, in two spellings'],
  [{ transport_socket: { typed_config: {} } }, '"@type" is missing, such as "type.googleapis.com/envoy…"'],
])('%j: %s', (json, message) => {
  expect(mergeJson(CLUSTER, {}, json).problems.map((problem) => problem.message)).toEqual([message]);
});

test('what the protos call sensitive is not shown', () => {
  const inline = { inline_string: 'very secret' };
  const json = {
    common_tls_context: {
      tls_certificates: [{ certificate_chain: inline, private_key: inline, password: { filename: 'p' } }],
    },
  };
  const { message } = mergeJson(CLUSTER, {}, { transport_socket: socket(json) });
  expect(merged(message, {})).toEqual({
    transport_socket: socket({
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: inline,
            private_key: { inline_string: '[redacted]' },
            password: { filename: 'p' },
          },
        ],
      },
    }),
  });
});
