import { expect, test } from 'vitest';
import { decode } from '../../../../src/protobuf/messages.js';
import { makeResource } from '../../../../src/snapshot/resource.js';
import { Snapshot } from '../../../../src/snapshot/snapshot.js';
import { atOnce } from '../../../../src/snapshot/steps.js';
import { TYPE_URL } from '../../../../src/snapshot/type-url.js';
import {
  type ClientStatusOptions,
  clientStatus,
  type StreamView,
} from '../../../../src/xds/csds/client-status.js';
import { NameTable } from '../../../../src/xds/name-set.js';
import { UNKNOWN_NODE } from '../../../../src/xds/node.js';
import { NEW_STREAM } from '../../../../src/xds/stream-state.js';
import { Subscription } from '../../../../src/xds/subscription.js';
import { newTypeState, type TypeState } from '../../../../src/xds/type-state.js';
import { TypeStates } from '../../../../src/xds/type-states.js';

const EDS = TYPE_URL.endpoints;
const snapshot = Snapshot.of([makeResource(EDS, 'users', Buffer.alloc(10_000))]);
const node = {
  ...UNKNOWN_NODE,
  ...{ id: 'n', cluster: 'c', userAgent: 'envoy', userAgentVersion: '1.40.0' },
  locality: { region: 'r', zone: 'z', sub_zone: 's' },
  metadata: { tags: ['a', 1, true, null, { b: 'c' }] },
};
const table = new NameTable();
const asking = (names: readonly string[], more: Partial<TypeState> = {}) =>
  TypeStates.NONE.with({
    ...newTypeState(EDS),
    subscription: Subscription.of(false, table.of(names)),
    ...more,
  });
const streamOf = (types: TypeStates, peer = '127.0.0.1:1'): StreamView => ({
  ...{ node, group: 'default', peer },
  state: { ...NEW_STREAM, types },
});
const stream = streamOf(asking(['users']));
const steps = (options: Partial<ClientStatusOptions> = {}, streams: readonly StreamView[] = [stream]) =>
  clientStatus(streams, {
    ...{ matches: () => true, withContents: true, snapshotOf: () => snapshot },
    ...{ mostBytes: 20_000, ...options },
  });
const configs = (...args: Parameters<typeof steps>) => {
  const bytes = atOnce(steps(...args));
  return bytes && decode('envoy.service.status.v3.ClientStatusResponse', bytes).config;
};

test('a node is told as it told of itself', () => {
  expect(configs()?.[0]?.node).toEqual({
    ...{ id: 'n', cluster: 'c', locality: { region: 'r', zone: 'z', sub_zone: 's' } },
    ...{ user_agent_name: 'envoy', user_agent_version: '1.40.0' },
    metadata: {
      fields: {
        tags: {
          listValue: {
            values: [
              { stringValue: 'a' },
              { numberValue: 1 },
              { boolValue: true },
              { nullValue: 'NULL_VALUE' },
              { structValue: { fields: { b: { stringValue: 'c' } } } },
            ],
          },
        },
      },
    },
  });
});

test('a resource is told with its content, and with why it was refused', () => {
  const message = 'é: no';
  const types = asking(['users'], { rejected: new Map([['users', { version: 'v0', message }]]) });
  const [resource] = snapshot.set(EDS).values();
  expect(configs({}, [streamOf(types)])?.[0]?.generic_xds_configs).toEqual([
    {
      ...{ type_url: EDS, name: 'users', version_info: resource?.version, config_status: 'NOT_SENT' },
      xds_config: { type_url: EDS, value: Buffer.alloc(10_000) },
      error_state: { details: message, version_info: 'v0' },
    },
  ]);
});

test('all streams of a node over one connection are one client', () => {
  const again = streamOf(asking(['users', 'nobody']));
  const found = configs({ withContents: false }, [stream, again, streamOf(asking([]), '127.0.0.1:2')]);
  expect(found?.map(({ generic_xds_configs = [] }) => generic_xds_configs.length)).toEqual([3, 0]);
});

test('what would be larger than wanted is not made', () => {
  const elsewhere = streamOf(asking(['users']), '127.0.0.1:2');
  expect(configs({}, [stream])).toHaveLength(1);
  expect(configs({}, [stream, elsewhere])).toBeUndefined();
  expect(configs({ withContents: false }, [stream, elsewhere])).toHaveLength(2);
  expect(configs({ matches: () => false }, [stream, elsewhere])).toBeUndefined;
});

test.each([
  ['nodes', (n: number) => streamOf(TypeStates.NONE, `127.0.0.1:${n}`)],
  ['resources that are not there', () => streamOf(asking(Array.from({ length: 20 }, (_, n) => `no-${n}`)))],
  ['versions', () => streamOf(asking(['users']))],
  [
    'refusals',
    () =>
      streamOf(asking(['a'], { rejected: new Map([['a', { version: '', message: 'é'.repeat(5_000) }]]) })),
  ],
])('everything in an answer counts: %s', (_what, make) => {
  const streams = Array.from({ length: 300 }, (_, n) => make(n));
  const whole = atOnce(steps({ mostBytes: 100 * 2 ** 20, withContents: false }, streams));
  const bytes = whole?.length ?? 0;
  expect(bytes).toBeGreaterThan(15_000);
  expect(atOnce(steps({ mostBytes: bytes + 10, withContents: false }, streams))).toHaveLength(bytes);
  expect(atOnce(steps({ mostBytes: bytes - 10, withContents: false }, streams))).toBeUndefined();
});

test('a large answer is made in steps', () => {
  const many = streamOf(asking(Array.from({ length: 20_000 }, (_, n) => `no-${n}`)));
  const streams = Array.from({ length: 5_000 }, (_, n) => streamOf(TypeStates.NONE, `127.0.0.1:${n}`));
  const count = (work: ReturnType<typeof steps>) => [...work].length;
  expect(count(steps({ mostBytes: 2 ** 25 }, [many]))).toBeGreaterThan(30);
  expect(count(steps({ mostBytes: 2 ** 25 }, streams))).toBeGreaterThan(5_000);
  expect(count(steps({ mostBytes: 2 ** 25, matches: () => false }, streams))).toBe(10);
});

test('before the first snapshot a client is told of without resources', () => {
  const [client] = configs({ snapshotOf: () => undefined }) ?? [];
  expect([client?.node?.id, client?.generic_xds_configs]).toEqual(['n', undefined]);
  expect(atOnce(steps({ matches: () => false }))).toHaveLength(0);
});
