import { describe, expect, test } from 'vitest';
import { resourceFromJson } from '../../../src/resources/given.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { onDeltaRequest } from '../../../src/xds/delta.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { type Ask, Machine, resource, type Short } from './machine.js';

type Step = readonly [Short, Ask, ...string[]] | readonly ['publish', readonly string[], ...string[]];

const PUBLISHED = ['CDS a=1', 'CDS b=1', 'EDS a=1', 'EDS b=1', 'RDS http=1'];
const known = (...texts: readonly string[]) =>
  Object.fromEntries(texts.map(resource).map(({ name, version }) => [name, version]));

const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  'an empty first request is the wildcard, but for assignments and routes': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['EDS', {}],
    ['RDS', {}],
    ['LDS', {}, 'LDS'],
    ['publish', ['CDS a=2', 'EDS a=2', 'RDS http=2'], 'CDS a=2'],
  ],
  'a name beside the implicit wildcard is answered and ends nothing': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['CDS', { names: ['a'] }, 'CDS a=1'],
    ['publish', ['CDS b=2'], 'CDS b=2'],
  ],
  'the wildcard ends when it is unsubscribed, implicit or not': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['CDS', { unsubscribe: ['*'] }],
    ['publish', ['CDS a=2']],
    ['CDS', { names: ['*'] }, 'CDS a=2 b=1'],
    ['CDS', { unsubscribe: ['*'] }],
    ['publish', ['CDS a=3']],
  ],
  'a change brings what changed and what is gone': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['publish', ['CDS b=2', 'CDS c=1'], 'CDS b=2 c=1'],
    ['publish', ['-CDS a'], 'CDS -a'],
  ],
  'what does not exist is told so, and sent when it does': [
    ['EDS', { names: ['ghost', 'a'] }, 'EDS a=1 -ghost'],
    ['publish', ['EDS ghost=1'], 'EDS ghost=1'],
    ['publish', ['-EDS ghost'], 'EDS -ghost'],
    ['publish', ['EDS ghost=1'], 'EDS ghost=1'],
  ],
  'what is subscribed again is sent again': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { unsubscribe: ['a'] }],
    ['publish', ['EDS a=2']],
    ['EDS', { names: ['a'] }, 'EDS a=2'],
  ],
  'unsubscribing what never was subscribed does nothing': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { unsubscribe: ['b', 'ghost'] }],
    ['CDS', {}, 'CDS a=1 b=1', 'EDS a=1'],
    ['CDS', { unsubscribe: ['b'] }],
  ],
  'a name that the wildcard still covers is told on leaving': [
    ['CDS', { names: ['*', 'a', 'ghost'] }, 'CDS a=1 b=1 -ghost'],
    ['CDS', { unsubscribe: ['a'] }, 'CDS a=1'],
    ['CDS', { unsubscribe: ['ghost'] }, 'CDS -ghost'],
  ],
  'one request subscribes and unsubscribes; what is in both is subscribed': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { names: ['b'], unsubscribe: ['a'] }, 'EDS b=1'],
    ['EDS', { names: ['b'], unsubscribe: ['b'] }, 'EDS b=1'],
    ['publish', ['EDS a=2', 'EDS b=2'], 'EDS b=2'],
  ],
  'a subscription counts whatever its nonce': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['publish', ['EDS a=2'], 'EDS a=2'],
    ['EDS', { names: ['b'], nonce: 1 }, 'EDS b=1'],
    ['EDS', { unsubscribe: ['a'], nonce: 'never issued' }],
    ['publish', ['EDS a=3']],
  ],
  'a rejection is not answered; the next change is sent': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { error: 'no' }],
    ['publish', ['EDS a=2'], 'EDS a=2'],
  ],
  'who comes back with everything is sent nothing but the next change': [
    ['CDS', { known: known('CDS a=1', 'CDS b=1') }],
    ['EDS', { names: ['a'], known: known('EDS a=1') }],
    ['publish', ['EDS a=2', 'CDS c=1'], 'CDS c=1', 'EDS a=2'],
  ],
  'who comes back with old things is sent the difference': [
    ['CDS', { known: known('CDS a=0', 'CDS gone=1') }, 'CDS a=1 b=1 -gone'],
    // Its cluster a changed, so that it needs the assignment again.
    ['EDS', { names: ['a', 'gone', 'ghost'], known: known('EDS a=1', 'EDS gone=1') }, 'EDS a=1 -ghost -gone'],
    ['RDS', { names: ['http', 'gone'], known: known('RDS http=1', 'RDS gone=1') }, 'RDS -gone'],
  ],
  'who comes back with a wildcard beside names is told which of these there are not': [
    [
      'CDS',
      { names: ['*', 'ghost', 'a', 'gone'], known: known('CDS a=1', 'CDS b=1', 'CDS gone=1') },
      'CDS -ghost -gone',
    ],
  ],
  'who asks for nothing is answered, but for what others name': [
    ['SDS', {}, 'SDS'],
    ['ECDS', {}, 'ECDS'],
    ['EDS', {}],
    ['RDS', {}],
  ],
  'a wildcard that is added is answered where there is nothing': [
    ['LDS', { names: ['ghost'] }, 'LDS -ghost'],
    ['LDS', { names: ['*'] }, 'LDS'],
    ['LDS', { names: ['*'] }],
  ],
  'a wildcard that is added tells what is gone and may still be under way': [
    ['CDS', { names: ['a'] }, 'CDS a=1'],
    ['CDS', { unsubscribe: ['a'], nonce: '' }],
    ['publish', ['-CDS a']],
    ['CDS', { names: ['*'], nonce: '' }, 'CDS b=1 -a'],
  ],
  'versions alone subscribe to nothing': [
    ['EDS', { known: known('EDS a=0', 'EDS b=1') }],
    ['publish', ['EDS b=2']],
  ],
};

describe('delta', () => {
  for (const [name, steps] of Object.entries(SCRIPTS)) {
    test(name, () => {
      const machine = new Machine('delta', ...PUBLISHED);
      steps.forEach((step, index) => {
        const [kind, said, ...brings] = step;
        const brought = kind === 'publish' ? machine.publish(...said) : machine.ask(kind, said);
        expect(brought, `step ${index + 1}`).toEqual(brings);
      });
    });
  }
});

test('what many proxies report alike is compared with the snapshot of each', () => {
  const table = new NameTable();
  const [before, after] = ['1', '2'].map((content) =>
    Snapshot.of([resource(`CDS a=${content}`)]).set(TYPE_URL.cluster),
  );
  if (before === undefined || after === undefined) throw new Error('none');
  const request = {
    typeUrl: TYPE_URL.cluster,
    nonce: '',
    error: undefined,
    subscribe: table.of([]),
    unsubscribe: table.of([]),
    known: new Map(Object.entries(known('CDS a=1'))),
  };
  expect([...onDeltaRequest(undefined, request, before, table).owed]).toEqual([]);
  expect([...onDeltaRequest(undefined, request, after, table).owed]).toEqual(['a']);
});

test('an Envoy that comes back naming only the hosts it asked for has asked for all before', () => {
  const [taken, other] = ['a', 'b'].map((name) =>
    resourceFromJson(TYPE_URL.virtualHost, { name: `r/${name}`, domains: [`${name}.test`] }),
  );
  if (taken === undefined || other === undefined) throw new Error('none');
  const machine = new Machine('delta');
  machine.snapshot = Snapshot.of([taken, other]);
  machine.ask('VHDS', { names: ['r/a.test'], known: { 'r/a': taken.version } });
  expect(machine.last.resources.map(({ name }) => name)).toContain('r/b');
  const fresh = machine.another();
  fresh.ask('VHDS', { names: ['r/a.test'] });
  expect(fresh.last.resources.map(({ name }) => name)).toEqual(['r/a']);
});
