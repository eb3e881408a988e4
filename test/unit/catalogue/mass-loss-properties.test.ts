import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  EVERYTHING,
  expectedHeld,
  type Instances,
  LossyRegistry,
  someInstances,
  someLimits,
  without,
} from '../../support/lossy-registry.js';

const WINDOW = 30_000;
const RUNS = 60;
/** Of the tests that count how often something happens, which would else be left to chance; `npm run fuzz` tries others. */
const SEED = 16;
const limits = someLimits(WINDOW, 10 * WINDOW);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An answer on the way: which of the instances of the beginning and of the end it has. */
const step = fc.record({
  has: fc.array(fc.boolean(), { minLength: EVERYTHING.length, maxLength: EVERYTHING.length }),
  after: fc.integer({ min: 0, max: WINDOW / 10 }),
  kind: fc.constantFrom('changed', 'changed', 'repeated', 'restarted'),
});

describe('mass loss, whatever happens', () => {
  test('however a loss is cut into answers within the window, the same instances are held', () => {
    let holds = 0;
    const steps = fc.array(step, { maxLength: 9 });
    fc.assert(
      fc.property(limits, someInstances, someInstances, steps, (limits, had, end, steps) => {
        const registry = new LossyRegistry(limits, had);
        for (const { has, after, kind } of steps) {
          registry.wait(after);
          const some = EVERYTHING.filter((one, index) => {
            const [before, later] = [had.has(one), end.has(one)];
            return before && later ? true : has[index] && (before || later);
          });
          if (kind === 'restarted') registry.restart(new Set(some));
          else registry.answer(kind === 'repeated' ? registry.has : new Set(some));
        }
        registry.answer(end);
        const expected = expectedHeld(had, end, limits);
        if (expected.length > 0) holds += 1;
        expect(registry.held()).toEqual(expected);
        expect(registry.problem()).toBeUndefined();
        registry.close();
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(holds).toBeGreaterThan(RUNS / 10);
  });

  test('nothing that the registry has is missing, and in the end exactly that is served', () => {
    const answer = fc.record({ has: someInstances, after: fc.integer({ min: 0, max: WINDOW }) });
    const answers = fc.array(answer, { maxLength: 12 });
    fc.assert(
      fc.property(limits, someInstances, answers, fc.boolean(), (limits, first, answers, released) => {
        const registry = new LossyRegistry(limits, first);
        for (const { has, after } of answers) {
          registry.wait(after);
          registry.answer(has);
          expect(registry.problem()).toBeUndefined();
          expect(vi.getTimerCount()).toBe(registry.held().length === 0 ? 0 : 1);
        }
        if (released) registry.catalogue.release('kv');
        else vi.advanceTimersByTime(limits.hold);
        expect([registry.held(), registry.problem()]).toEqual([[], undefined]);
        expect(registry.catalogue.sources()[0]?.held).toBeUndefined();
        registry.close();
      }),
      { numRuns: RUNS },
    );
  });

  test('losses add up for as long as the window, no longer and no shorter', () => {
    let [holds, free] = [0, 0];
    const loss = fc.record({
      gone: fc.subarray([...EVERYTHING], { maxLength: 3 }),
      after: fc.integer({ min: 0, max: WINDOW }),
    });
    fc.assert(
      fc.property(limits, someInstances, fc.array(loss, { maxLength: 15 }), (limits, had, losses) => {
        const registry = new LossyRegistry(limits, had);
        const past: { readonly at: number; readonly has: Instances }[] = [{ at: -WINDOW, has: had }];
        let time = 0;
        for (const { gone, after } of losses) {
          time += after;
          registry.wait(after);
          registry.answer(new Set(without(registry.has, new Set(gone))));
          past.push({ at: time, has: registry.has });
          const start = past.findLast(({ at }) => at <= time - WINDOW)?.has ?? had;
          const expected = expectedHeld(start, registry.has, limits);
          expect(registry.held()).toEqual(expected);
          if (expected.length === 0) free += 1;
          else {
            holds += 1;
            break;
          }
        }
        registry.close();
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect([holds > RUNS / 10, free > RUNS]).toEqual([true, true]);
  });
});
