import { expect, test } from 'vitest';
import { subscriptionStatuses } from '../../../../src/telemetry/metrics/subscription-statuses.js';
import { doubting } from '../../../../src/xds/stream-state.js';
import { Machine } from '../../xds/machine.js';

const NONE = { SYNCED: 0, STALE: 0, NOT_SENT: 0, ERROR: 0, UNKNOWN: 0 };

test('each type of each stream counts once; unknown until it is confirmed', () => {
  const [first, second] = [new Machine('delta', 'LDS l=1', 'CDS c=1'), new Machine('delta', 'LDS l=1')];
  const counts = () => Object.fromEntries(subscriptionStatuses([first, second]));
  expect(counts()).toEqual({});
  first.ask('LDS');
  first.ask('CDS');
  second.ask('LDS');
  second.ask('LDS');
  expect(counts()).toEqual({ LDS: { ...NONE, STALE: 1, SYNCED: 1 }, CDS: { ...NONE, STALE: 1 } });
  second.publish('LDS l=2');
  second.ask('LDS', { error: 'no' });
  expect(counts().LDS).toEqual({ ...NONE, STALE: 1, UNKNOWN: 1 });
  second.publish('LDS l=1');
  expect(counts().LDS).toEqual({ ...NONE, STALE: 1, ERROR: 1 });
  second.ask('LDS');
  expect(counts().LDS).toEqual({ ...NONE, STALE: 1, SYNCED: 1 });
});

test('one that is back is not in sync before what is in doubt of it has been sent and confirmed', () => {
  const before = new Machine('delta', 'LDS l=1');
  before.ask('LDS');
  const back = before.another();
  const { version = '' } = before.last.resources[0] ?? {};
  back.ask('LDS', { known: { l: version }, nonce: '' });
  const status = () => subscriptionStatuses([back])[0]?.[1];
  expect(status()).toEqual({ ...NONE, SYNCED: 1 });
  const { table } = back.shared;
  back.state = doubting(back.state, back.typeUrl('LDS'), table.of(['l']), table);
  expect(status()).toEqual({ ...NONE, STALE: 1 });
  back.pump();
  expect(status()).toEqual({ ...NONE, STALE: 1 });
  back.ask('LDS');
  expect(status()).toEqual({ ...NONE, SYNCED: 1 });
});

test('types that proxies make up are one', () => {
  const machine = new Machine('delta', 'CDS c=1');
  machine.ask('CDS');
  const made = machine.state.types
    .values()
    .flatMap((state) => ['a', 'b'].map((typeUrl) => ({ ...state, typeUrl })));
  expect(subscriptionStatuses([{ state: { types: { values: () => made } } }])).toEqual([
    ['other', { ...NONE, STALE: 2 }],
  ]);
});
