import { describe, expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { isNamedOnly } from '../../../src/xds/type-state.js';
import { type Ask, Machine, type Short } from './machine.js';

type Step = readonly [Short, Ask, ...string[]] | readonly ['publish', readonly string[], ...string[]];

const THREE = ['CDS a=1', 'CDS b=1', 'EDS a=1', 'EDS b=1', 'EDS c=1', 'RDS http=1', 'LDS http=1'];

/** What is said, and what that brings. */
const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  'an empty first request for clusters is the wildcard': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['CDS', {}],
    ['publish', ['CDS c=1'], 'CDS a=1 b=1 c=1'],
  ],
  'an empty first request for assignments or routes is none': [
    ['EDS', {}],
    ['RDS', {}],
    ['publish', ['EDS a=2', 'RDS http=2']],
    ['EDS', { names: ['a'] }, 'EDS a=2'],
  ],
  'a name ends the implicit wildcard, and nothing brings it back': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['CDS', { names: ['a'] }, 'CDS a=1'],
    ['publish', ['CDS b=2']],
    ['CDS', { names: [] }],
    ['publish', ['CDS a=2']],
  ],
  'a first request by name is no wildcard, and a wildcard that was named goes when nothing is': [
    ['CDS', { names: ['a'] }, 'CDS a=1'],
    ['CDS', { names: ['*'] }, 'CDS a=1 b=1'],
    ['CDS', { names: [] }],
    ['publish', ['CDS a=2']],
  ],
  'the explicit wildcard stands beside names and goes by itself': [
    ['CDS', { names: ['*', 'a'] }, 'CDS a=1 b=1'],
    ['CDS', { names: ['a'] }],
    ['publish', ['CDS b=2']],
    ['publish', ['CDS a=2'], 'CDS a=2'],
    ['CDS', { names: ['*', 'a'] }, 'CDS a=2 b=2'],
  ],
  'assignments carry what changed, clusters everything': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['EDS', { names: ['a', 'b'] }, 'EDS a=1 b=1'],
    ['publish', ['EDS b=2'], 'EDS b=2'],
    ['publish', ['-CDS b'], 'CDS a=1'],
  ],
  'an empty answer is given to a wildcard and not to names': [
    ['publish', ['-LDS http']],
    ['LDS', {}, 'LDS'],
    ['EDS', { names: ['ghost'] }],
    ['publish', ['EDS ghost=1'], 'EDS ghost=1'],
  ],
  'a name that comes is sent though it did not change, one that goes is not answered': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { names: ['a', 'b'] }, 'EDS b=1'],
    ['EDS', { names: ['a'] }],
    ['publish', ['EDS b=2']],
    ['EDS', { names: ['a', 'b'] }, 'EDS b=2'],
    ['EDS', { names: ['b', 'a'] }],
  ],
  'requests without a nonce count while nothing was answered yet, and after': [
    ['EDS', { names: ['ghost'] }],
    ['EDS', { names: ['ghost', 'a'], nonce: '' }, 'EDS a=1'],
    ['EDS', { names: ['ghost', 'a', 'b'], nonce: '' }, 'EDS b=1'],
  ],
  'a stale nonce is ignored': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['publish', ['EDS a=2'], 'EDS a=2'],
    ['EDS', { names: ['a', 'b'], nonce: 1 }],
    ['EDS', { names: ['a', 'b'], nonce: 'never issued' }],
    ['EDS', { names: ['a', 'b'] }, 'EDS b=1'],
  ],
  'a name dropped under a stale nonce and named again is sent again': [
    ['EDS', { names: ['a', 'b'] }, 'EDS a=1 b=1'],
    ['publish', ['EDS a=2'], 'EDS a=2'],
    ['EDS', { names: ['a'], nonce: 1 }],
    ['EDS', { names: ['a', 'b'] }, 'EDS b=1'],
  ],
  'names dropped under a stale nonce are gone with the next request': [
    ['EDS', { names: ['a', 'b'] }, 'EDS a=1 b=1'],
    ['publish', ['EDS a=2'], 'EDS a=2'],
    ['EDS', { names: ['a'], nonce: 1 }],
    ['EDS', { names: ['a'] }],
    ['publish', ['EDS b=2']],
  ],
  'a wildcard dropped under a stale nonce and named again is answered anew': [
    ['CDS', { names: ['*', 'a'] }, 'CDS a=1 b=1'],
    ['publish', ['CDS a=2'], 'CDS a=2 b=1'],
    ['CDS', { names: ['a'], nonce: 1 }],
    ['CDS', { names: ['*', 'a'] }, 'CDS a=2 b=1'],
  ],
  'a stale request without names leaves the implicit wildcard as it is': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['publish', ['CDS a=2'], 'CDS a=2 b=1'],
    ['CDS', { nonce: 1 }],
    ['CDS', {}],
    ['publish', ['CDS a=3'], 'CDS a=3 b=1'],
  ],
  'a stale request with names ends the implicit wildcard, so that nothing is asked for by naming nothing': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['publish', ['CDS a=2'], 'CDS a=2 b=1'],
    ['CDS', { names: ['a'], nonce: 1 }],
    ['CDS', {}],
    ['publish', ['CDS a=3']],
  ],
  'a stale request without names makes no wildcard': [
    ['CDS', { names: ['a'] }, 'CDS a=1'],
    ['publish', ['CDS a=2'], 'CDS a=2'],
    ['CDS', { nonce: 1 }],
    ['CDS', {}],
    ['publish', ['CDS a=3', 'CDS b=2']],
  ],
  'a wildcard is answered where there is nothing, first or later': [
    ['SDS', { names: ['*'] }, 'SDS'],
    ['ECDS', { names: ['ghost'] }],
    ['ECDS', { names: ['*'] }, 'ECDS'],
    ['ECDS', { names: ['*'] }],
  ],
  'nonces of another stream are none, until something was answered': [
    ['EDS', { names: ['ghost'], nonce: 'of another server' }],
    ['EDS', { names: ['ghost', 'a'], nonce: 'of another server' }, 'EDS a=1'],
    ['EDS', { names: ['ghost', 'a', 'b'], nonce: 'of another server' }],
  ],
  'a first request may carry the nonce of another stream': [
    ['CDS', { nonce: 'of another server' }, 'CDS a=1 b=1'],
    ['EDS', { names: ['a'], nonce: '17' }, 'EDS a=1'],
  ],
  'a version of another state is answered': [
    ['CDS', { version: 'unknown' }, 'CDS a=1 b=1'],
    ['EDS', { names: ['a'], version: 'unknown' }, 'EDS a=1'],
  ],
  'a rejection is not answered; the next change is sent': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['CDS', { error: 'no' }],
    ['publish', ['CDS a=2'], 'CDS a=2 b=1'],
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['EDS', { names: ['a'], error: 'no' }],
    ['publish', ['EDS a=2'], 'EDS a=2'],
  ],
  'no push waits for an acknowledgement': [
    ['CDS', {}, 'CDS a=1 b=1'],
    ['publish', ['CDS a=2'], 'CDS a=2 b=1'],
    ['publish', ['CDS a=3'], 'CDS a=3 b=1'],
  ],
  'removed and made again unchanged is sent again': [
    ['EDS', { names: ['a'] }, 'EDS a=1'],
    ['publish', ['-EDS a']],
    ['publish', ['EDS a=1'], 'EDS a=1'],
  ],
};

describe('SotW', () => {
  for (const [name, steps] of Object.entries(SCRIPTS)) {
    test(name, () => {
      const machine = new Machine('sotw', ...THREE);
      steps.forEach((step, index) => {
        const [kind, said, ...brings] = step;
        const brought = kind === 'publish' ? machine.publish(...said) : machine.ask(kind, said);
        expect(brought, `step ${index + 1}`).toEqual(brings);
      });
    });
  }
});

test('an Envoy that comes back with the version of the same state is sent nothing by name', () => {
  const before = new Machine('sotw', ...THREE);
  before.ask('EDS', { names: ['a', 'b'] });
  const { version } = before.last;
  const after = new Machine('sotw', ...THREE).as('envoy');
  expect(after.ask('EDS', { names: ['b', 'a'], version })).toEqual([]);
  expect(after.type('EDS')).toMatchObject({ version, acknowledgedVersion: version });
  expect(after.publish('EDS a=2')).toEqual(['EDS a=2']);
  expect(new Machine('sotw', ...THREE).ask('EDS', { names: ['a', 'b', 'c'], version })).toEqual([
    'EDS a=1 b=1 c=1',
  ]);
  expect(new Machine('sotw', ...THREE, 'EDS a=2').ask('EDS', { names: ['a', 'b'], version })).toEqual([
    'EDS a=2 b=1',
  ]);
});

test('another client that comes back with the version of the same state is answered by name', () => {
  const before = new Machine('sotw', ...THREE);
  before.ask('EDS', { names: ['a', 'b'] });
  const { version } = before.last;
  const after = new Machine('sotw', ...THREE).as('gRPC Go');
  expect(after.ask('EDS', { names: ['a', 'b'], version })).toEqual(['EDS a=1 b=1']);
  expect(after.ask('EDS', { names: ['a', 'b'], version })).toEqual([]);
});

test('clusters and listeners are always sent on a new stream, to an Envoy too', () => {
  const before = new Machine('sotw', ...THREE);
  for (const short of ['CDS', 'LDS'] as const) {
    before.ask(short);
    const after = new Machine('sotw', ...THREE).as('envoy');
    const answer = short === 'CDS' ? 'CDS a=1 b=1' : 'LDS http=1';
    expect(after.ask(short, { version: before.last.version })).toEqual([answer]);
    expect(after.ask(short, { version: before.last.version })).toEqual([]);
  }
});

test('a wildcard of any type carries the full state, and a removal sends it', () => {
  const machine = new Machine('sotw', ...THREE);
  expect(machine.ask('EDS', { names: ['*'] })).toEqual(['EDS a=1 b=1 c=1']);
  expect(machine.ask('EDS', { names: ['*'] })).toEqual([]);
  expect(machine.publish('EDS b=2')).toEqual(['EDS a=1 b=2 c=1']);
  expect(machine.publish('-EDS a')).toEqual(['EDS b=2 c=1']);
});

test('an empty first request is a wildcard for clusters, listeners, scopes, virtual hosts and unknown types alone', () => {
  const { endpoints, route, secret, extensionConfig, runtime, ...whole } = TYPE_URL;
  for (const typeUrl of [endpoints, route, secret, extensionConfig, runtime])
    expect([typeUrl, isNamedOnly(typeUrl)]).toEqual([typeUrl, true]);
  for (const typeUrl of [...Object.values(whole), 'type.googleapis.com/acme.Unknown'])
    expect([typeUrl, isNamedOnly(typeUrl)]).toEqual([typeUrl, false]);
});

test('a version that was sent while a piece stood rejected is not taken for the whole state', () => {
  const machine = new Machine('sotw', ...THREE);
  machine.ask('EDS', { names: ['a', 'b'] });
  machine.ask('EDS', { names: ['a', 'b'], error: 'a is bad' });
  machine.publish('EDS b=2');
  const { version } = machine.last;
  const after = new Machine('sotw', ...THREE, 'EDS b=2');
  expect(after.ask('EDS', { names: ['a', 'b'], version })).toEqual(['EDS a=1 b=2']);
});

test('a wildcard that a stale request lets go of is gone with the next that is not stale', () => {
  const machine = new Machine('sotw', 'CDS a=1', 'CDS b=1');
  machine.ask('CDS', { names: ['*', 'a'] });
  machine.publish('CDS a=2');
  machine.ask('CDS', { names: ['a'], nonce: 1 });
  machine.ask('CDS', { names: ['a'] });
  expect(machine.type('CDS')?.subscription.wildcard).toBe(false);
  expect(machine.publish('CDS b=2')).toEqual([]);
  expect(machine.publish('CDS a=3')).toEqual(['CDS a=3']);
});
