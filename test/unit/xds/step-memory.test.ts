import { describe, expect, test } from 'vitest';
import type { Variant } from '../../../src/xds/response.js';
import { Machine } from './machine.js';

const PUBLISHED = ['CDS a=1', 'CDS b=1', 'EDS a=1', 'EDS b=1'];

/** Several streams of one server, on which the proxies do the same. */
function proxies(variant: Variant, count: number): readonly Machine[] {
  const first = new Machine(variant, ...PUBLISHED);
  const others = Array.from({ length: count - 1 }, () => first.another());
  return [first, ...others];
}

function start(machine: Machine): void {
  machine.ask('CDS');
  machine.ask('EDS', { names: ['a', 'b'] });
  acknowledge(machine);
}

function acknowledge(machine: Machine): void {
  const sotw = machine.variant === 'sotw';
  machine.ask('CDS');
  machine.ask('EDS', sotw ? { names: ['a', 'b'] } : {});
}

describe.each(['sotw', 'delta'] as const)('%s: proxies in step', (variant) => {
  test('share one state, and the nonces with it', () => {
    const [first, second] = proxies(variant, 2);
    if (first === undefined || second === undefined) throw new Error('two were wanted');
    for (const machine of [first, second]) start(machine);
    expect(second.state).toBe(first.state);
    const changed = first.changed('EDS a=2');
    for (const machine of [first, second]) expect(machine.follow(changed)).toEqual(['EDS a=2']);
    expect(second.state).toBe(first.state);
    expect(second.nonces).toEqual(first.nonces);
  });

  test('are those that came late too, once they have acknowledged', () => {
    const [first, late] = proxies(variant, 2);
    if (first === undefined || late === undefined) throw new Error('two were wanted');
    start(first);
    for (const change of ['EDS a=2', 'CDS a=2', 'EDS b=2']) {
      first.publish(change);
      acknowledge(first);
    }
    late.snapshot = first.snapshot;
    start(late);
    const changed = first.changed('EDS a=3', 'CDS b=3');
    for (const machine of [first, late]) {
      machine.follow(changed);
      acknowledge(machine);
    }
    expect(late.state).toBe(first.state);
  });

  test('part when one of them does something else', () => {
    const [first, second] = proxies(variant, 2);
    if (first === undefined || second === undefined) throw new Error('two were wanted');
    for (const machine of [first, second]) start(machine);
    const changed = first.changed('EDS a=2');
    first.follow(changed);
    second.follow(changed);
    acknowledge(first);
    second.ask('EDS', { names: variant === 'sotw' ? ['a', 'b'] : [], error: 'a: no' });
    expect([...(second.type('EDS')?.rejected.keys() ?? [])]).toEqual(['a']);
    expect(first.type('EDS')?.rejected.size).toBe(0);
    expect(first.type('EDS')?.acknowledgedVersion).toBe(first.type('EDS')?.version);
    expect(second.type('EDS')?.acknowledgedVersion).not.toBe(second.type('EDS')?.version);
  });
});

test('a proxy that asks for the same again and again gets a new nonce each time', () => {
  const machine = new Machine('delta', ...PUBLISHED);
  for (let ask = 0; ask < 50; ask += 1) machine.ask('EDS', { names: ['a'], nonce: '' });
  expect(machine.nonces).toHaveLength(50);
  expect(new Set(machine.nonces).size).toBe(50);
});
