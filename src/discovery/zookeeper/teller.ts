import { isDeepStrictEqual } from 'node:util';
import type { SignalboxError } from '../../errors.js';
import { nameError } from '../service-name.js';
import type { ServiceState, SourceSink } from '../source.js';
import type { PrefixChanges } from './prefix-watch.js';

/** Reports changes to the sink, across sessions. */
export class Teller {
  readonly #known = new Map<string, ServiceState>();
  /** Unreadable services, each with its reported error. */
  readonly #failing = new Map<string, SignalboxError>();
  readonly #unusable = new Set<string>();

  constructor(private readonly sink: SourceSink) {}

  /** Whether services exist and none of them is readable: the registry then counts as failing. */
  get isMute(): boolean {
    return this.#failing.size > 0 && ![...this.#known.keys()].some((name) => !this.#failing.has(name));
  }

  take({ services, whole, held, unusable }: PrefixChanges, revision: string): void {
    const told = [...this.#known.keys(), ...this.#failing.keys(), ...this.#unusable];
    const isThere = (name: string) => services.has(name) || held.has(name) || unusable.has(name);
    const gone = whole ? told.filter((name) => !isThere(name)) : [];
    let changed = false;
    for (const [name, state] of [...gone.map((name) => [name, undefined] as const), ...services])
      changed = this.#set(name, state) || changed;
    for (const [name, error] of held) {
      if (this.#failing.get(name) === error) continue;
      this.#failing.set(name, error);
      this.sink.serviceFailed({ service: name }, error);
    }
    for (const [name, problem] of unusable) {
      if (this.#unusable.has(name)) continue;
      this.#unusable.add(name);
      this.sink.serviceFailed({ service: name }, nameError(name, problem));
    }
    const [first] = this.#failing.values();
    const { isMute } = this;
    if (!isMute || changed) this.sink.synced(revision);
    if (isMute && first !== undefined) this.sink.failed(first);
  }

  /** @returns whether anything changed. A service that recovers is reported again even if it has not changed. */
  #set(name: string, state: ServiceState | undefined): boolean {
    const recovers = this.#failing.delete(name) || this.#unusable.delete(name);
    if (!recovers && isDeepStrictEqual(this.#known.get(name), state)) return false;
    if (state === undefined) this.#known.delete(name);
    else this.#known.set(name, state);
    this.sink.set({ service: name }, state);
    return true;
  }
}
