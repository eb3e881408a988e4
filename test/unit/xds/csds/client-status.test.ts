import { expect, test } from 'vitest';
import { makeResource } from '../../../../src/snapshot/resource.js';
import { Snapshot } from '../../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../../src/snapshot/type-url.js';
import { type ClientStatusOptions, clientConfigs } from '../../../../src/xds/csds/client-status.js';
import { NameTable } from '../../../../src/xds/name-set.js';
import { UNKNOWN_NODE } from '../../../../src/xds/node.js';
import { NEW_STREAM } from '../../../../src/xds/stream-state.js';
import { Subscription } from '../../../../src/xds/subscription.js';
import { newTypeState } from '../../../../src/xds/type-state.js';
import { TypeStates } from '../../../../src/xds/type-states.js';

const EDS = TYPE_URL.endpoints;
const snapshot = Snapshot.of([makeResource(EDS, 'users', Buffer.alloc(10_000))]);
const node = { ...UNKNOWN_NODE, id: 'n', metadata: { tags: ['a', 1, true, null, { b: 'c' }] } };
const subscription = Subscription.of(false, new NameTable().of(['users']));
const types = TypeStates.NONE.with({ ...newTypeState(EDS), subscription });
const stream = { node, group: 'default', peer: '127.0.0.1:1', state: { ...NEW_STREAM, types } };
const configs = (options: Partial<ClientStatusOptions> = {}, streams = [stream]) =>
  clientConfigs(streams, {
    matches: () => true,
    withContents: true,
    snapshotOf: () => snapshot,
    mostBytes: 20_000,
    ...options,
  });

test('a node is told as it told of itself', () => {
  expect(configs()?.[0]?.node).toMatchObject({
    id: 'n',
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

test('what would be larger than wanted is not made', () => {
  const elsewhere = { ...stream, peer: '127.0.0.1:2' };
  expect(configs({}, [stream])).toHaveLength(1);
  expect(configs({}, [stream, elsewhere])).toBeUndefined();
  expect(configs({ withContents: false }, [stream, elsewhere])).toHaveLength(2);
  expect(configs({ matches: () => false }, [stream, elsewhere])).toEqual([]);
});

test('before the first snapshot a client is told of without resources', () => {
  expect(configs({ snapshotOf: () => undefined })).toMatchObject([{ generic_xds_configs: [] }]);
});
