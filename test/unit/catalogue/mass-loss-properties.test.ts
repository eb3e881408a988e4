import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import type { MassLossLimits } from '../../../src/catalogue/mass-loss.js';
import type { SourceState } from '../../../src/catalogue/source-state.js';
import { addressOf } from '../../../src/model/instance.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const SERVICES = ['a', 'b', 'c', 'd', 'e'];
const WINDOW = 30_000;
const RUNS = 100;

/** The instances of each service as texts `SERVICE/HOST:PORT`. */
type Instances = ReadonlySet<string>;

const limits: fc.Arbitrary<MassLossLimits> = fc.record({
  registry: fc.constantFrom(0, 0.3, 0.5, 0.75, 1),
  service: fc.constantFrom(0.2, 0.5, 0.8, 1),
  large: fc.integer({ min: 1, max: 10 }),
  window: fc.constant(WINDOW),
  hold: fc.constant(10 * WINDOW),
});
const everything = SERVICES.flatMap((service) =>
  Array.from({ length: 9 }, (_, index) => `${service}/h${index}:80`),
);
const instances: fc.Arbitrary<Instances> = fc
  .record({ parts: fc.array(fc.subarray(everything), { minLength: 1, maxLength: 3 }) })
  .map(({ parts }) => new Set(parts.flat()));

const serviceOf = (instance: string) => instance.slice(0, 1);
const without = (all: Instances, some: Instances) => [...all].filter((one) => !some.has(one));

/** What is to be held, of what the registry had and has, said as plainly as the documentation does. */
function expectedHeld(
  had: Instances,
  has: Instances,
  { registry, service, large }: MassLossLimits,
): readonly string[] {
  const tooMuch = (before: number, after: number, share: number) =>
    before >= large && before - after > before * share;
  const countOf = (all: Instances, name: string) => [...all].filter((one) => serviceOf(one) === name).length;
  const everywhere = tooMuch(had.size, has.size, registry);
  return without(had, has)
    .filter((one) => {
      const [before, after] = [countOf(had, serviceOf(one)), countOf(has, serviceOf(one))];
      return after < before && (everywhere || tooMuch(before, after, service));
    })
    .sort();
}

/** A registry that a test moves from one state to another. */
class Registry {
  readonly catalogue = new Catalogue({ logger: pino({ enabled: false }) });
  readonly #sink: SourceState;
  has: Instances = new Set();

  constructor(massLoss: MassLossLimits, has: Instances) {
    const source = new ScriptedSource('kv');
    const rules = { serviceTemplate: '{service}', skipped: () => false, massLoss };
    const state = this.catalogue.setSources([{ source, rules }]).get(source);
    if (state === undefined) throw new Error('no sink');
    this.#sink = state;
    this.answer(has);
  }

  /** @param restarted whether the source said everything anew because it was started again */
  answer(has: Instances, restarted = false): void {
    if (restarted) this.#sink.restarted();
    for (const service of SERVICES) {
      const of = (all: Instances) =>
        [...all].filter((one) => serviceOf(one) === service).map((one) => one.slice(2));
      if (restarted && of(has).length === 0) continue;
      // An empty service, and one that is no longer there, in turns.
      const gone = of(has).length === 0 && service < 'c';
      this.#sink.set({ service }, gone ? undefined : stateOf(...of(has)));
    }
    this.#sink.synced();
    this.has = has;
  }

  served(): Instances {
    const views = SERVICES.flatMap((name) => this.catalogue.service(name) ?? []);
    return new Set(
      views.flatMap(({ name, instances }) => instances.map((one) => `${name}/${addressOf(one)}`)),
    );
  }

  held(): readonly string[] {
    return SERVICES.flatMap((name) =>
      this.catalogue
        .heldOf(name)
        .flatMap(({ addresses }) => addresses.map((address) => `${name}/${address}`)),
    ).sort();
  }
}

/** An answer on the way: which of the instances of the beginning and of the end it has. */
const step = fc.record({
  has: fc.array(fc.boolean(), { minLength: everything.length, maxLength: everything.length }),
  after: fc.integer({ min: 0, max: 3_000 }),
  kind: fc.constantFrom('changed', 'changed', 'repeated', 'restarted'),
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('mass loss, whatever happens', () => {
  test('however a loss is cut into answers within the window, the same instances are held', () => {
    let holds = 0;
    fc.assert(
      fc.property(
        limits,
        instances,
        instances,
        fc.array(step, { maxLength: 9 }),
        (limits, had, end, steps) => {
          const registry = new Registry(limits, had);
          for (const { has, after, kind } of steps) {
            const some = new Set(
              everything.filter(
                (one, index) =>
                  (had.has(one) && end.has(one)) || (has[index] && (had.has(one) || end.has(one))),
              ),
            );
            vi.advanceTimersByTime(after);
            registry.answer(kind === 'repeated' ? registry.has : some, kind === 'restarted');
          }
          registry.answer(end);
          const expected = expectedHeld(had, end, limits);
          if (expected.length > 0) holds += 1;
          expect(registry.held()).toEqual(expected);
          expect(registry.served()).toEqual(new Set([...end, ...expected]));
          registry.catalogue.setSources([]);
        },
      ),
      { numRuns: RUNS },
    );
    expect(holds).toBeGreaterThan(RUNS / 10);
  });

  test('nothing that the registry has is missing, and in the end exactly that is served', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.record({ has: instances, after: fc.integer({ min: 0, max: WINDOW }) }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.boolean(),
        (limits, answers, released) => {
          const registry = new Registry(limits, answers[0]?.has ?? new Set());
          for (const { has, after } of answers) {
            vi.advanceTimersByTime(after);
            registry.answer(has);
            const served = registry.served();
            expect(without(has, served)).toEqual([]);
            expect([...served].filter((one) => !has.has(one)).sort()).toEqual(registry.held());
            const status = registry.catalogue.sources()[0];
            expect([status?.instances, status?.held?.instances ?? 0]).toEqual([
              served.size,
              served.size - has.size,
            ]);
            expect(vi.getTimerCount()).toBe(status?.held === undefined ? 0 : 1);
          }
          if (released) registry.catalogue.release('kv');
          else vi.advanceTimersByTime(limits.hold);
          expect(registry.served()).toEqual(registry.has);
          expect([registry.held(), registry.catalogue.sources()[0]?.held]).toEqual([[], undefined]);
          registry.catalogue.setSources([]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('losses add up for as long as the window, no longer and no shorter', () => {
    let [holds, free] = [0, 0];
    const losses = fc.array(
      fc.record({
        gone: fc.subarray(everything, { maxLength: 3 }),
        after: fc.integer({ min: 0, max: WINDOW }),
      }),
      { maxLength: 15 },
    );
    fc.assert(
      fc.property(limits, instances, losses, (limits, had, losses) => {
        const registry = new Registry(limits, had);
        const past: { readonly at: number; readonly has: Instances }[] = [{ at: -WINDOW, has: had }];
        let time = 0;
        for (const { gone, after } of losses) {
          time += after;
          vi.advanceTimersByTime(after);
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
        registry.catalogue.setSources([]);
      }),
      { numRuns: RUNS },
    );
    expect([holds > RUNS / 10, free > RUNS]).toEqual([true, true]);
  });
});
