import { afterEach, describe, expect, test, vi } from 'vitest';
import { PersistentMap } from '../../../src/snapshot/persistent-map.js';
import { atOnce } from '../../../src/snapshot/steps.js';
import { prepare, receive, type StreamRequest } from '../../../src/xds/stream-state.js';
import { Machine } from './machine.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const PUBLISHED = ['a', 'b', 'c', 'd'].map((name) => `EDS ${name}=1`);

interface Fields {
  readonly names?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly known?: readonly string[];
  readonly nonce?: string;
}

function request(
  machine: Machine,
  { names = [], unsubscribe = [], known = [], nonce }: Fields,
): StreamRequest {
  const { table } = machine.shared;
  const common = {
    typeUrl: machine.typeUrl('EDS'),
    nonce: nonce ?? machine.type('EDS')?.nonce ?? '',
    error: undefined,
  };
  return machine.variant === 'sotw'
    ? { variant: 'sotw', request: { ...common, names: table.of(names), versionInfo: '' } }
    : {
        variant: 'delta',
        request: {
          ...common,
          ...{ subscribe: table.of(names), unsubscribe: table.of(unsubscribe) },
          known: new Map(known.map((name) => [name, 'old'])),
        },
      };
}

/** How many sets of names are made for a request that is due: before it is taken, and then. */
function work(machine: Machine, fields: Fields): readonly [before: number, then: number] {
  const asked = request(machine, fields);
  const made = vi.spyOn(PersistentMap.prototype, 'withAllInSteps');
  atOnce(prepare(machine.state, asked, machine.snapshot, machine.shared));
  const before = made.mock.calls.length;
  machine.state = receive(machine.state, asked, machine.snapshot, machine.shared);
  const then = made.mock.calls.length - before;
  made.mockRestore();
  return [before, then];
}

/** A stream that asks for a, b and c. */
function started(variant: 'sotw' | 'delta'): Machine {
  const machine = new Machine(variant, ...PUBLISHED);
  machine.ask('EDS', { names: ['a', 'b', 'c'] });
  return machine;
}

describe('what a request of many names needs is worked out before it is taken', () => {
  test.each([
    ['SotW: names come and go', 'sotw', { names: ['b', 'c', 'd'] }, 'EDS d=1'],
    ['SotW: a stale request lets go of names', 'sotw', { names: ['b', 'd'], nonce: 'stale' }, undefined],
    ['delta: names come and go', 'delta', { names: ['b', 'd'], unsubscribe: ['a', 'c'] }, 'EDS b=1 d=1'],
  ] as const)('%s', (_title, variant, fields, brings) => {
    const machine = started(variant);
    const [before, then] = work(machine, fields);
    expect(before).toBeGreaterThan(0);
    expect(then).toBe(0);
    expect(machine.pump()).toEqual(brings === undefined ? [] : [brings]);
  });

  test('delta: a proxy comes back with many versions', () => {
    const machine = new Machine('delta', ...PUBLISHED);
    const [before, then] = work(machine, { names: ['a', 'b', 'gone'], known: ['a', 'gone', 'other'] });
    expect(before).toBeGreaterThan(0);
    expect(then).toBe(0);
    expect(machine.pump()).toEqual(['EDS a=1 b=1 -gone']);
  });

  test.each(['sotw', 'delta'] as const)('%s: a first request without versions needs nothing', (variant) => {
    const machine = new Machine(variant, ...PUBLISHED);
    expect(work(machine, { names: ['a'] })).toEqual([0, 0]);
    expect(machine.pump()).toEqual(['EDS a=1']);
    expect(work(machine, variant === 'sotw' ? { names: ['a'] } : {})).toEqual([0, 0]);
    expect(machine.pump()).toEqual([]);
  });

  test('delta: what was worked out for another snapshot or another subscription does not count', () => {
    const machine = new Machine('delta', ...PUBLISHED);
    const asked = request(machine, { names: ['a', 'b'], known: ['a'] });
    atOnce(prepare(machine.state, asked, machine.snapshot, machine.shared));
    machine.snapshot = machine.changed('-EDS a', 'EDS b=2');
    machine.state = receive(machine.state, asked, machine.snapshot, machine.shared);
    expect(machine.pump()).toEqual(['EDS b=2 -a']);
    if (asked.variant !== 'delta') throw new Error('another variant');
    const other = machine.another();
    const subscribe = machine.shared.table.of(['c']);
    const another: StreamRequest = { variant: 'delta', request: { ...asked.request, subscribe } };
    other.state = receive(other.state, another, other.snapshot, other.shared);
    expect(other.pump()).toEqual(['EDS c=1']);
  });

  test('delta: very many versions are looked at in pieces, a few in one', () => {
    const machine = new Machine('delta', ...PUBLISHED);
    const pieces = (count: number) => {
      const known = Array.from({ length: count }, (_, n) => `n${n}`);
      const asked = request(machine, { names: ['a'], known });
      return [...prepare(machine.state, asked, machine.snapshot, machine.shared)].length;
    };
    expect(pieces(3)).toBe(0);
    expect(pieces(100_000)).toBeGreaterThan(1);
  });
});
