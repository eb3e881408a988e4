import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeContributions } from '../../../src/catalogue/service-view.js';
import type { ServiceState } from '../../../src/discovery/source.js';
import { addressOf } from '../../../src/model/instance.js';
import { instanceAt, stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const [first, second] = [new ScriptedSource('first', 's1'), new ScriptedSource('second', 's2')];
const contribution = (source: ScriptedSource, state: ServiceState) => ({
  source,
  key: { service: 'web' },
  state,
});

test('of equal addresses the one of the source that comes first wins; the other is shown with the reason', () => {
  const mine = { instances: [instanceAt('a:1', { weight: 1 })], filtered: [] };
  const theirs = { instances: [instanceAt('b:1'), instanceAt('a:1', { weight: 2 })], filtered: [] };
  const view = mergeContributions('web', [contribution(first, mine), contribution(second, theirs)]);
  expect(view).toEqual({
    name: 'web',
    registries: ['first', 'second'],
    instances: [
      { ...instanceAt('a:1', { weight: 1 }), registry: 'first', server: 's1' },
      { ...instanceAt('b:1'), registry: 'second', server: 's2' },
    ],
    filtered: [
      {
        address: 'a:1',
        reason: 'duplicate',
        detail: 'served as known to first at s1',
        registry: 'second',
        server: 's2',
      },
    ],
  });
});

test('what one source filters does not hide what another one serves', () => {
  const down = {
    instances: [],
    filtered: [{ address: 'a:1', reason: 'status', detail: 'down' } as const],
  };
  const view = mergeContributions('web', [contribution(first, down), contribution(second, stateOf('a:1'))]);
  expect(view.instances.map(addressOf)).toEqual(['a:1']);
  expect(view.filtered).toEqual([
    { address: 'a:1', reason: 'status', detail: 'down', registry: 'first', server: 's1' },
  ]);
});

test('a registry of several servers is named once', () => {
  const other = new ScriptedSource('first', 's3');
  const view = mergeContributions(
    'web',
    [first, second, other].map((source) => contribution(source, stateOf())),
  );
  expect(view.registries).toEqual(['first', 'second']);
});

test('the order of the instances never shows', () => {
  const addresses = ['10.0.0.1:80', '10.0.0.1:443', '[::1]:80', 'a.example:80', 'b.example:80'];
  fc.assert(
    fc.property(fc.shuffledSubarray(addresses), (some) => {
      const view = mergeContributions('web', [contribution(first, stateOf(...some))]);
      expect(view.instances.map(addressOf)).toEqual([...some].sort());
    }),
  );
});
