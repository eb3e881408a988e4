import type { Logger } from 'pino';
import type { Source } from '../discovery/source.js';
import { DerivedServices } from './derived.js';
import { FailureLog } from './failure-log.js';
import type { Contribution } from './served-services.js';
import type { ServiceFailure } from './service-failures.js';
import { mergeContributions, type ServiceView } from './service-view.js';
import { type HeldService, type RegistryRules, type SourceEvents, SourceState } from './source-state.js';
import type { SourceStatus } from './source-status.js';

export interface SourceEntry {
  readonly source: Source;
  readonly rules: RegistryRules;
}

/** A failing service with where it fails. */
export interface PlacedFailure extends ServiceFailure {
  readonly registry: string;
  readonly server: string;
}

export interface CatalogueOptions {
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsed?: () => number;
}

/** What is known of all services: one state for each source, merged when asked for. */
export class Catalogue {
  /** In the order of the configuration, which is the order of precedence. */
  #states: readonly SourceState[] = [];
  #derived = DerivedServices.NONE;
  readonly #listeners = new Set<(names: ReadonlySet<string>, registry: string | undefined) => void>();

  constructor(private readonly options: CatalogueOptions) {}

  /**
   * Replaces the sources: those that stay keep what they have said, those that go take it with them.
   * @returns the sink of each source that is new
   */
  setSources(entries: readonly SourceEntry[]): ReadonlyMap<Source, SourceState> {
    const before = new Map(this.#states.map((state) => [state.source, state]));
    const added = new Map<Source, SourceState>();
    this.#states = entries.map(({ source, rules }) => {
      const kept = before.get(source);
      if (kept !== undefined) return kept;
      const state = this.#newState(source, rules);
      added.set(source, state);
      return state;
    });
    const gone = [...before.values()].filter((state) => !this.#states.includes(state));
    const touched = new Set(gone.flatMap((state) => [...state.names(), ...this.#bequeath(state)]));
    for (const state of gone) state.dispose();
    if (touched.size > 0) this.#tell(touched);
    return added;
  }

  /** Replaces the services that are made of others; who publishes them takes them up anew. */
  setDerived(derived: DerivedServices): void {
    this.#derived = derived;
  }

  /**
   * Calls `listener` with the names of the services that an answer of a registry touched, none included; without a
   * registry where it was no answer that did.
   */
  onChange(listener: (names: ReadonlySet<string>, registry: string | undefined) => void): void {
    this.#listeners.add(listener);
  }

  /** Every service that a source knows or that is made of others. */
  names(): ReadonlySet<string> {
    return new Set([...this.#derived.names(), ...this.#states.flatMap((state) => [...state.names()])]);
  }

  /** A service as it stands; undefined where no source knows it, by its own name or by an alias. */
  service(name: string): ServiceView | undefined {
    const derived = this.#derived.service(name, this.#states);
    if (derived !== undefined) return derived;
    const contributions = this.#states.flatMap((state) => state.contributions(name));
    const meant = contributions.length > 0 ? contributions : this.#aliased(name);
    return meant.length === 0 ? undefined : mergeContributions(name, meant);
  }

  /** Whether a name is an alias by which a route may mean one source's service. */
  isAlias(name: string): boolean {
    return this.#states.some(({ source }) => source.alias?.(name) !== undefined);
  }

  /** Those of these aliases that stand for one of the services `changed`. */
  aliasesOf(changed: ReadonlySet<string>, aliases: readonly string[]): readonly string[] {
    return aliases.filter((alias) =>
      this.#states.some((state) => {
        const key = state.source.alias?.(alias);
        return key !== undefined && changed.has(state.nameOf(key));
      }),
    );
  }

  sources(): readonly SourceStatus[] {
    return this.#states.map((state) => state.status);
  }

  /** Whether a source has answered once. */
  hasAnswered(source: Source): boolean {
    return this.#states.some((state) => state.source === source && state.answered);
  }

  /**
   * Believes the loss that is held back at a registry's sources.
   * @returns how many of its sources had something held back; undefined where there is no such registry
   */
  release(registry: string): number | undefined {
    const states = this.#states.filter(({ source }) => source.registry === registry);
    return states.length === 0 ? undefined : states.filter((state) => state.release()).length;
  }

  /** What sources have lost of a service and is served still. */
  heldOf(name: string): readonly HeldService[] {
    return this.#states.flatMap((state) => state.heldOf(name) ?? []);
  }

  /** The failing services, by the name under which each is published or would be. */
  failures(): ReadonlyMap<string, readonly PlacedFailure[]> {
    const byName = new Map<string, PlacedFailure[]>();
    for (const state of this.#states) {
      const { registry, server } = state.source;
      for (const failure of state.failures) {
        const name = state.nameOf(failure.key);
        const ofName = byName.get(name) ?? [];
        byName.set(name, ofName);
        ofName.push({ ...failure, registry, server });
      }
    }
    return byName;
  }

  /** The sources that have not answered yet. */
  unanswered(): readonly SourceStatus[] {
    return this.#states
      .filter((state) => !state.answered && state.status.state !== 'left_out')
      .map((state) => state.status);
  }

  /**
   * Gives up waiting for the sources that have not answered.
   * @param registry its sources alone, where it is given
   * @returns how many they were
   */
  leaveOutUnanswered(registry?: string): number {
    const before = this.unanswered().length;
    for (const state of this.#states)
      if (registry === undefined || state.source.registry === registry) state.leaveOut();
    this.#tell(new Set());
    return before - this.unanswered().length;
  }

  #aliased(name: string): readonly Contribution[] {
    return this.#states
      .map((state) => {
        const key = state.source.alias?.(name);
        return key === undefined ? undefined : state.contribution(key);
      })
      .filter((contribution) => contribution !== undefined);
  }

  /** A service that fails at the sources which take over keeps the state that the one before had. */
  #bequeath(gone: SourceState): readonly string[] {
    const heirs = this.#states.filter(({ source }) => source.registry === gone.source.registry);
    const same = heirs.filter(({ source }) => source.server === gone.source.server);
    const heir = same[0] ?? (heirs.length === 1 ? heirs[0] : undefined);
    return heir === undefined ? [] : [...heir.inherit(gone.entries())];
  }

  #newState(source: Source, rules: RegistryRules): SourceState {
    const { logger, now = Date.now, elapsed = () => performance.now() } = this.options;
    const { registry, server } = source;
    const events: SourceEvents = {
      changed: (names) => this.#tell(names, registry),
      failed: ({ code, message: reason }) => {
        // Who runs the source logs its defects, with their stack and at most once a minute.
        if (code !== 'internal') logger.warn({ registry, server, code, reason }, 'registry query failed');
      },
      services: new FailureLog(logger.child({ registry, server }), now),
      held: ({ held }) => {
        if (held === undefined) logger.info({ registry, server }, 'nothing is held back any more');
        else
          logger.warn(
            { registry, server, services: held.services, instances: held.instances },
            'the registry suddenly has far fewer instances: those it had are served for "mass_loss.hold"',
          );
      },
    };
    return new SourceState(source, rules, events, { now, elapsed });
  }

  #tell(touched: ReadonlySet<string>, registry?: string): void {
    const names = new Set([...touched, ...this.#derived.of(touched, this.#states)]);
    for (const listener of this.#listeners) listener(names, registry);
  }
}
