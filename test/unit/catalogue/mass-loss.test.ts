import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import { type MassLossLimits, suspectLosses } from '../../../src/catalogue/mass-loss.js';
import type { SourceState } from '../../../src/catalogue/source-state.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const LIMITS: MassLossLimits = { registry: 0.5, service: 0.8, large: 10, hold: 60_000 };

describe('loss that is not believed at once', () => {
  const suspects = (total: number, changes: Readonly<Record<string, [before: number, after: number]>>) => {
    const counts = Object.entries(changes).map(
      ([name, [before, after]]) => [name, { before, after }] as const,
    );
    return [...suspectLosses(new Map(counts), total, LIMITS)];
  };

  test.each([
    ['half of a registry may go', 20, { a: [10, 0] }, ['a']],
    ['half of a registry in small services may go', 20, { a: [5, 0], b: [5, 0] }, []],
    ['more than half may not', 20, { a: [5, 0], b: [6, 0] }, ['a', 'b']],
    ['what others gain counts against it', 20, { a: [5, 0], b: [6, 0], c: [0, 2] }, []],
    ['gains never wait', 20, { a: [8, 0], b: [9, 0], c: [1, 3] }, ['a', 'b']],
    ['four fifths of a large service may go', 100, { a: [10, 2] }, []],
    ['more may not', 100, { a: [10, 1], b: [5, 4] }, ['a']],
    ['small services may go to nothing', 100, { a: [9, 0], b: [1, 0] }, []],
    ['a small registry may go to nothing', 9, { a: [9, 0] }, []],
    ['what moves from one service to another is no loss', 20, { a: [9, 0], b: [9, 0], c: [0, 18] }, []],
  ] as const)('%s', (_title, total, changes, expected) => {
    expect(suspects(total, changes as never)).toEqual(expected);
  });

  test('without a time to hold nothing is suspect', () => {
    const changes = new Map([['a', { before: 100, after: 0 }]]);
    expect(suspectLosses(changes, 100, { ...LIMITS, hold: 0 }).size).toBe(0);
  });
});

describe('a registry that suddenly has far fewer instances', () => {
  let catalogue: Catalogue;
  let source: ScriptedSource;
  let sink: SourceState;
  let told: string[][];
  const many = (count: number) => stateOf(...Array.from({ length: count }, (_, index) => `h${index}:80`));
  const served = (name: string) => catalogue.service(name)?.instances.length;
  const held = () => catalogue.sources()[0]?.held;

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    catalogue = new Catalogue({ logger: pino({ enabled: false }) });
    catalogue.onChange((names) => told.push([...names].sort()));
    source = new ScriptedSource('kv');
    const rules = { serviceTemplate: '{service}', skipped: () => false, massLoss: LIMITS };
    const state = catalogue.setSources([{ source, rules }]).get(source);
    if (state === undefined) throw new Error('no sink');
    sink = state;
    for (const name of ['a', 'b', 'c']) sink.set({ service: name }, many(10));
    sink.synced();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function lose(...names: readonly string[]): void {
    for (const service of names) sink.set({ service }, undefined);
    sink.synced();
  }

  test('is served as it was, and says so', () => {
    lose('a', 'b', 'c');
    expect(['a', 'b', 'c'].map(served)).toEqual([10, 10, 10]);
    expect(held()).toMatchObject({ services: 3, instances: 30 });
    expect((held()?.until ?? 0) - (held()?.since ?? 0)).toBe(60_000);
  });

  test('is believed when the time is over', () => {
    lose('a', 'b');
    vi.advanceTimersByTime(59_999);
    expect(served('a')).toBe(10);
    sink.synced();
    vi.advanceTimersByTime(1);
    expect(['a', 'b', 'c'].map(served)).toEqual([undefined, undefined, 10]);
    expect(told.at(-1)).toEqual(['a', 'b']);
    expect(held()).toBeUndefined();
    expect(sink.synced()).toBe(true);
  });

  test('is forgiven when it has them again', () => {
    lose('a', 'b');
    for (const name of ['a', 'b']) sink.set({ service: name }, many(10));
    sink.synced();
    expect(held()).toBeUndefined();
    vi.advanceTimersByTime(60_000);
    expect(['a', 'b', 'c'].map(served)).toEqual([10, 10, 10]);
  });

  test('is believed as far as the rest is plausible again', () => {
    lose('a', 'b');
    sink.set({ service: 'b' }, many(9));
    sink.synced();
    // Of all that it had 11 of 30 are gone now, but a was a large service.
    expect(['a', 'b'].map(served)).toEqual([10, 9]);
    expect(held()).toMatchObject({ services: 1, instances: 10 });
  });

  test('has its other changes served', () => {
    lose('a', 'b');
    sink.set({ service: 'c' }, many(12));
    sink.set({ service: 'd' }, many(1));
    sink.synced();
    expect(['c', 'd'].map(served)).toEqual([12, 1]);
  });

  test('is believed when an operator says so', () => {
    lose('a', 'b');
    expect(catalogue.release('kv')).toBe(1);
    expect(['a', 'b', 'c'].map(served)).toEqual([undefined, undefined, 10]);
    expect(catalogue.release('kv')).toBe(0);
    expect(catalogue.release('other')).toBeUndefined();
  });

  test('is not believed after it has started anew either', () => {
    sink.restarted();
    sink.synced();
    expect(['a', 'b', 'c'].map(served)).toEqual([10, 10, 10]);
  });

  test('is not waited for when it is no longer wanted', () => {
    lose('a', 'b');
    catalogue.setSources([]);
    expect(vi.getTimerCount()).toBe(0);
    expect(served('a')).toBeUndefined();
  });
});
