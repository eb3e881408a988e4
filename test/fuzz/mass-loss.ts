import fc from 'fast-check';
import {
  EVERYTHING,
  expectedHeld,
  LossyRegistry,
  someInstances,
  someLimits,
} from '../support/lossy-registry.js';
import { type FuzzTarget, target } from './target.js';

const WINDOW = 30_000;
const HOLD = 3_600_000;

/** An answer on the way from one state to another: which of the instances of both it has. */
const step = fc.record({
  mask: fc.infiniteStream(fc.boolean()),
  after: fc.integer({ min: 0, max: WINDOW / 10 }),
  restarted: fc.boolean(),
});

const event = fc.record({
  has: someInstances,
  after: fc.constantFrom(0, 1, WINDOW / 3, WINDOW - 1, WINDOW, 2 * WINDOW),
  kind: fc.constantFrom('answer', 'answer', 'answer', 'restart', 'fail', 'release'),
});

function check(registry: LossyRegistry): void {
  const problem = registry.problem();
  if (problem !== undefined) throw new Error(problem);
}

/** What is held when a registry loses instances, whatever it says and in whatever order. */
export const MASS_LOSS: readonly FuzzTarget[] = [
  target(
    'mass loss, cut into answers',
    fc.tuple(someLimits(WINDOW, HOLD), someInstances, someInstances, fc.array(step, { maxLength: 9 })),
    ([limits, had, end, steps]) => {
      const registry = new LossyRegistry(limits, had);
      for (const { mask, after, restarted } of steps) {
        registry.wait(after);
        const some = EVERYTHING.filter((one) => {
          const chosen = mask.next().value;
          return had.has(one) && end.has(one) ? true : chosen && (had.has(one) || end.has(one));
        });
        if (restarted) registry.restart(new Set(some));
        else registry.answer(new Set(some));
        check(registry);
      }
      registry.answer(end);
      check(registry);
      const expected = expectedHeld(had, end, limits);
      if (`${registry.held()}` !== `${expected}`) throw new Error(`expected that ${expected} is held`);
      registry.close();
    },
  ),
  target(
    'mass loss, whatever happens',
    fc.tuple(
      fc.constantFrom(0, WINDOW).chain((window) => someLimits(window, HOLD)),
      someInstances,
      fc.array(event, { maxLength: 20 }),
    ),
    ([limits, first, events]) => {
      const registry = new LossyRegistry(limits, first);
      for (const { has, after, kind } of events) {
        registry.wait(after);
        if (kind === 'release') registry.catalogue.release('kv');
        else registry[kind](has);
        check(registry);
      }
      registry.catalogue.release('kv');
      check(registry);
      if (registry.held().length > 0) throw new Error('something is held after a release');
      registry.close();
    },
  ),
];
