import fc from 'fast-check';
import { pino } from 'pino';
import { Catalogue } from '../../src/catalogue/catalogue.js';
import type { MassLossLimits } from '../../src/catalogue/mass-loss.js';
import type { SourceState } from '../../src/catalogue/source-state.js';
import { SignalboxError } from '../../src/errors.js';
import { addressOf } from '../../src/model/instance.js';
import { stateOf } from './instances.js';
import { ScriptedSource } from './scripted-source.js';

const SERVICES = ['a', 'b', 'c', 'd', 'e'];

/** Instances of several services, each a text `SERVICE/HOST:PORT`. */
export type Instances = ReadonlySet<string>;

/** All that there may be. */
export const EVERYTHING: readonly string[] = SERVICES.flatMap((service) =>
  Array.from({ length: 9 }, (_, index) => `${service}/h${index}:80`),
);
const serviceOf = (instance: string) => instance.slice(0, 1);

/** Any of them; more than one part, so that often there are most. */
export const someInstances: fc.Arbitrary<Instances> = fc
  .array(fc.subarray([...EVERYTHING]), { minLength: 1, maxLength: 3 })
  .map((parts) => new Set(parts.flat()));

/** Limits with these times, milliseconds. */
export const someLimits = (window: number, hold: number): fc.Arbitrary<MassLossLimits> =>
  fc.record({
    registry: fc.constantFrom(0, 0.3, 0.5, 0.75, 1),
    service: fc.constantFrom(0.2, 0.5, 0.8, 1),
    large: fc.integer({ min: 1, max: 10 }),
    window: fc.constant(window),
    hold: fc.constant(hold),
  });

export function without(all: Iterable<string>, some: Instances): readonly string[] {
  return [...all].filter((one) => !some.has(one)).sort();
}

/** What is to be held, of what the registry had when the window began and has now: the rule as plainly as it can be said. */
export function expectedHeld(
  had: Instances,
  has: Instances,
  { registry, service, large }: MassLossLimits,
): readonly string[] {
  const tooMuch = (before: number, after: number, share: number) =>
    before >= large && before - after > before * share;
  const count = (all: Instances, name: string) => [...all].filter((one) => serviceOf(one) === name).length;
  const everywhere = tooMuch(had.size, has.size, registry);
  return without(had, has).filter((one) => {
    const [before, after] = [count(had, serviceOf(one)), count(has, serviceOf(one))];
    return after < before && (everywhere || tooMuch(before, after, service));
  });
}

function addressesOf(all: Instances): readonly (readonly [string, readonly string[]])[] {
  return SERVICES.map((service) => {
    const of = [...all].filter((one) => serviceOf(one) === service);
    return [service, of.map((one) => one.slice(service.length + 1))];
  });
}

/** One for all: pino keeps each for the end of the process. */
const SILENT = pino({ enabled: false });

/** A registry that a test moves from one state to another, and what the catalogue makes of it. */
export class LossyRegistry {
  readonly catalogue: Catalogue;
  readonly #sink: SourceState;
  #time = 0;
  #has: Instances = new Set();

  constructor(massLoss: MassLossLimits, has: Instances) {
    const source = new ScriptedSource('kv');
    const rules = { serviceTemplate: '{service}', skipped: () => false, massLoss };
    const elapsed = () => this.#time;
    this.catalogue = new Catalogue({ logger: SILENT, elapsed });
    const state = this.catalogue.setSources([{ source, rules }]).get(source);
    if (state === undefined) throw new Error('no sink');
    this.#sink = state;
    this.answer(has);
  }

  get has(): Instances {
    return this.#has;
  }

  /** Time passes, milliseconds. */
  wait(time: number): void {
    this.#time += time;
  }

  /** It says everything, which it has told already where nothing has changed. */
  answer(has: Instances): void {
    this.#say(has);
    this.#sink.synced();
    this.#has = has;
  }

  /** It is started again, and says what there is only. */
  restart(has: Instances): void {
    this.#sink.restarted();
    for (const [service, addresses] of addressesOf(has))
      if (addresses.length > 0) this.#sink.set({ service }, stateOf(...addresses));
    this.#sink.synced();
    this.#has = has;
  }

  /** It fails in the midst of an answer. */
  fail(has: Instances): void {
    this.#say(has);
    this.#sink.failed(new SignalboxError('registry_timeout', 'too slow'));
  }

  #say(has: Instances): void {
    for (const [service, addresses] of addressesOf(has)) {
      // Some services that have no instance are no longer there, others are.
      const gone = addresses.length === 0 && service < 'c';
      this.#sink.set({ service }, gone ? undefined : stateOf(...addresses));
    }
  }

  served(): Instances {
    const views = SERVICES.flatMap((name) => this.catalogue.service(name) ?? []);
    return new Set(
      views.flatMap(({ name, instances }) => instances.map((one) => `${name}/${addressOf(one)}`)),
    );
  }

  held(): readonly string[] {
    const held = SERVICES.flatMap((name) =>
      this.catalogue.heldOf(name).flatMap(({ addresses }) => addresses.map((one) => `${name}/${one}`)),
    );
    return held.sort();
  }

  /** What is wrong: what the registry has is served, and beside it exactly what is shown as held. */
  problem(): string | undefined {
    const served = this.served();
    const held = this.held();
    const status = this.catalogue.sources()[0];
    if (without(this.#has, served).length > 0) return 'what the registry has is missing';
    if (`${without(served, this.#has)}` !== `${held}`) return 'what is served beside is not what is held';
    if (status?.instances !== served.size) return `the status says that ${status?.instances} are served`;
    if ((status.held?.instances ?? 0) !== held.length)
      return `the status says ${status.held?.instances} are held`;
    const services = new Set(held.map(serviceOf)).size;
    if ((status.held?.services ?? 0) !== services) return `the status says ${status.held?.services} are held`;
    return undefined;
  }

  close(): void {
    this.catalogue.setSources([]);
  }
}
