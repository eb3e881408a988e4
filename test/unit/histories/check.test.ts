import { describe, expect, it } from 'vitest';
import { violationsIn } from '../../histories/checker/check.js';
import type { Check, History, Instances, Observation, Write } from '../../histories/history.js';

type Change = Partial<Write> & Pick<Write, 'index'>;

/** A write that takes 5 ms from ten times its index on. */
const write = (change: Change): Write => ({
  service: 'web',
  puts: [],
  removes: [],
  outcome: 'ok',
  from: change.index * 10,
  to: change.index * 10 + 5,
  ...change,
});

const shown = (at: number, instances: Instances, more: Partial<Observation> = {}): Observation => ({
  proxy: 'p',
  server: 'a',
  stream: 1,
  service: 'web',
  instances,
  at,
  ...more,
});

function kinds(
  writes: readonly Write[],
  observations: readonly Observation[],
  more: Partial<History> = {},
): readonly string[] {
  const proxies = [...new Set(['p', ...observations.map(({ proxy }) => proxy)])];
  const history: History = {
    registry: 'etcd',
    seed: 1,
    shows: 'service',
    faults: [],
    checks: [],
    proxies,
    writes,
    observations,
    ...more,
  };
  return violationsIn(history).map(({ kind }) => kind);
}

const a = write({ index: 1, puts: ['a'] });
const b = write({ index: 2, puts: ['b'] });
const a3 = write({ index: 3, puts: ['a'] });
const noB = write({ index: 4, removes: ['b'] });
const four = [a, b, a3, noB];
const check = (since: number, at: number): Check => ({ since, at, standstill: 0 });

describe('a state that the registry never had', () => {
  it('accepts every state, and states that are left out', () => {
    expect(kinds(four, [shown(12, { a: 1 }), shown(22, { a: 1, b: 2 }), shown(32, { a: 3, b: 2 })])).toEqual(
      [],
    );
    expect(kinds(four, [shown(50, { a: 3 })])).toEqual([]);
  });

  it('rejects a mixture of two states, a weight that nobody wrote, and an address that nobody wrote', () => {
    expect(kinds(four, [shown(60, { b: 2 })])).toEqual(['invented']);
    expect(kinds(four, [shown(60, { a: 2 })])).toEqual(['invented']);
    expect(kinds(four, [shown(60, { a: 3, c: 1 })])).toEqual(['invented']);
  });

  it('rejects a write before it was sent', () => {
    expect(kinds(four, [shown(25, { a: 3, b: 2 })])).toEqual(['invented']);
  });

  it('rejects half of a transaction', () => {
    const both = write({ index: 1, puts: ['a', 'b'] });
    expect(kinds([both], [shown(60, { a: 1, b: 1 })])).toEqual([]);
    expect(kinds([both], [shown(60, { a: 1 })])).toEqual(['invented']);
  });

  it('accepts the mixture where a registry shows instance by instance, but no weight that nobody wrote', () => {
    const byInstance = { shows: 'instance' } as const;
    expect(kinds(four, [shown(60, { a: 1, b: 2 }), shown(61, { a: 1 })], byInstance)).toEqual([]);
    expect(kinds(four, [shown(60, { a: 2 })], byInstance)).toEqual(['invented']);
  });

  it('accepts nothing of a write that failed', () => {
    expect(kinds([a, { ...b, outcome: 'failed' }], [shown(60, { a: 1, b: 2 })])).toEqual(['invented']);
  });
});

describe('a write without an answer', () => {
  const doubtful: Write = { ...a3, outcome: 'unknown' };

  it('may have happened or not', () => {
    expect(kinds([a, b, doubtful], [shown(60, { a: 1, b: 2 })])).toEqual([]);
    expect(kinds([a, b, doubtful], [shown(60, { a: 3, b: 2 })])).toEqual([]);
  });

  it('may happen late, over an acknowledged one, but only once', () => {
    const a5 = write({ index: 5, puts: ['a'] });
    const late = [a, doubtful, a5];
    expect(kinds(late, [shown(60, { a: 5 }), shown(61, { a: 3 })])).toEqual([]);
    expect(kinds(late, [shown(60, { a: 5 }), shown(61, { a: 3 }), shown(62, { a: 5 })])).toEqual(['back']);
    const a6 = write({ index: 6, puts: ['a'] });
    const again = [shown(70, { a: 3 }), shown(71, { a: 6 }), shown(72, { a: 3 })];
    expect(kinds([...late, a6], again)).toEqual(['back']);
  });

  it('may not have happened yet at another server', () => {
    const noA = write({ index: 5, removes: ['a'] });
    const other = { server: 'b', stream: 2 };
    const states = [shown(60, { a: 3 }), shown(70, {}, other), shown(80, { a: 3 }, other)];
    expect(kinds([a, doubtful, noA], states)).toEqual([]);
  });

  it('cannot happen any more after a check', () => {
    const a9 = write({ index: 9, puts: ['a'] });
    const history = [a, doubtful, a9];
    expect(kinds(history, [shown(99, { a: 3 })], { checks: [check(40, 50)] })).toContain('behind');
    expect(kinds(history, [shown(99, { a: 9 }), shown(99, { a: 3 })], { checks: [check(40, 50)] })).toContain(
      'back',
    );
    expect(kinds(history, [shown(99, { a: 9 }), shown(99, { a: 3 })])).toEqual([]);
  });

  it('that removes may have removed', () => {
    const removal = write({ index: 2, removes: ['a'], outcome: 'unknown' });
    expect(kinds([a, removal], [shown(12, { a: 1 }), shown(60, {})])).toEqual([]);
  });
});

describe('going back', () => {
  it('is rejected for a whole service', () => {
    expect(kinds(four, [shown(60, { a: 3 }), shown(61, { a: 1, b: 2 })])).toEqual(['back']);
  });

  it('is rejected for an instance, where a registry shows instance by instance', () => {
    expect(kinds(four, [shown(60, { a: 3 }), shown(61, { a: 1 })], { shows: 'instance' })).toEqual(['back']);
  });

  it('is rejected where a removed instance comes again', () => {
    expect(kinds(four, [shown(60, { a: 3 }), shown(61, { a: 3, b: 2 })])).toEqual(['back']);
  });

  it('is reported once, and what follows is judged from there', () => {
    const states = [shown(60, { a: 3 }), shown(61, { a: 1, b: 2 }), shown(62, { a: 3, b: 2 })];
    expect(kinds(four, states)).toEqual(['back']);
  });

  it('is accepted with another server, to what that has shown a second before', () => {
    const other = { server: 'b', proxy: 'q' };
    const moved = { server: 'b', stream: 2 };
    const states = (at: number) => [
      shown(30, { a: 1, b: 2 }, other),
      shown(60, { a: 3 }),
      shown(at, { a: 1, b: 2 }, moved),
    ];
    expect(kinds(four, states(1_100))).toEqual([]);
    const further = [...states(1_100), shown(1_101, { a: 1 }, moved)];
    expect(kinds(four, further)).toEqual(['back']);
    const stale = [shown(30, { a: 3, b: 2 }, other), shown(60, { a: 3 }), shown(1_100, { a: 1 }, moved)];
    expect(kinds(four, stale)).toEqual(['back']);
  });
});

describe('being behind', () => {
  it('is rejected at a check, also where a proxy was shown nothing', () => {
    expect(kinds(four, [shown(40, { a: 3, b: 2 })], { checks: [check(50, 5_050)] })).toEqual(['behind']);
    expect(kinds(four, [], { checks: [check(50, 5_050)] })).toEqual(['behind']);
    expect(kinds(four, [shown(45, { a: 3 })], { checks: [check(50, 5_050)] })).toEqual([]);
  });

  it('is judged by what was acknowledged before the check began', () => {
    expect(kinds(four, [shown(35, { a: 3, b: 2 })], { checks: [check(40, 5_040)] })).toEqual([]);
  });

  it('is judged by what is shown at the check, not after it', () => {
    const late = [shown(35, { a: 3, b: 2 }), shown(5_100, { a: 3 })];
    expect(kinds(four, late, { checks: [check(50, 5_050)] })).toEqual(['behind']);
  });

  it('is judged instance by instance', () => {
    const byInstance = { shows: 'instance', checks: [check(50, 5_050)] } as const;
    expect(kinds(four, [shown(45, { a: 3 })], byInstance)).toEqual([]);
    expect(kinds(four, [shown(45, { a: 1 })], byInstance)).toEqual(['behind']);
  });
});

describe('a missing instance', () => {
  it('is rejected where nobody removed it', () => {
    expect(kinds(four, [shown(32, { a: 3, b: 2 }), shown(60, {})])).toEqual(['missing']);
    expect(kinds([a], [shown(32, { a: 1 }), shown(60, {})])).toEqual(['missing']);
  });

  it('is accepted where the registry lost everything', () => {
    const wipe = write({ index: 5, removes: ['a', 'b'] });
    expect(kinds([...four, wipe], [shown(45, { a: 3 }), shown(60, {})])).toEqual([]);
  });

  it('is rejected where the removal came before what was shown', () => {
    const b5 = write({ index: 5, puts: ['b'] });
    expect(kinds([...four, b5], [shown(60, { a: 3, b: 5 }), shown(61, { a: 3 })])).toEqual(['missing']);
  });
});
