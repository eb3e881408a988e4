import { isDeepStrictEqual } from 'node:util';
import type { ServiceKey, ServiceState, Source } from '../discovery/source.js';
import type { FilteredInstance } from '../model/instance.js';
import { keyText } from './key-text.js';
import type { ServiceEntries } from './last-known-good.js';
import type { SourceStatus } from './source-status.js';

/** What one source contributes to a published service. */
export interface Contribution {
  readonly source: Source;
  readonly key: ServiceKey;
  readonly state: ServiceState;
}

/** The services of one source as they are served, by published name. */
export class ServedServices {
  readonly #services = new Map<string, { readonly name: string; readonly contribution: Contribution }>();
  readonly #byName = new Map<string, Map<string, Contribution>>();
  #counts: Pick<SourceStatus, 'instances' | 'filtered' | 'filteredBy'> = {
    instances: 0,
    filtered: 0,
    filteredBy: {},
  };

  /** @param nameOf the name under which a service is published */
  constructor(
    private readonly source: Source,
    private readonly nameOf: (key: ServiceKey) => string,
  ) {}

  get counts(): Pick<SourceStatus, 'services' | 'instances' | 'filtered' | 'filteredBy'> {
    return { services: this.#services.size, ...this.#counts };
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }

  entries(): ServiceEntries {
    return [...this.#services.values()].map(({ contribution }) => [contribution.key, contribution.state]);
  }

  contribution(key: ServiceKey): Contribution | undefined {
    return this.#services.get(keyText(key))?.contribution;
  }

  /** What is contributed to a published service, in an order that does not depend on what came first. */
  contributions(name: string): readonly Contribution[] {
    const ofName = [...(this.#byName.get(name) ?? [])];
    return ofName.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, contribution]) => contribution);
  }

  /** Serves this state of a service; @returns its published name, or undefined where that is no change. */
  put(key: ServiceKey, state: ServiceState | undefined): string | undefined {
    const text = keyText(key);
    const before = this.#services.get(text);
    // An answer may repeat what it said before: only what changed is built anew.
    if (isDeepStrictEqual(before?.contribution.state, state)) return undefined;
    const name = before?.name ?? this.nameOf(key);
    const ofName = this.#byName.get(name) ?? new Map<string, Contribution>();
    if (state === undefined) {
      this.#services.delete(text);
      ofName.delete(text);
    } else {
      const contribution = { source: this.source, key, state };
      this.#services.set(text, { name, contribution });
      ofName.set(text, contribution);
    }
    if (ofName.size === 0) this.#byName.delete(name);
    else this.#byName.set(name, ofName);
    this.#count(before?.contribution.state, state);
    return name;
  }

  #count(before: ServiceState | undefined, after: ServiceState | undefined): void {
    const { instances, filtered, filteredBy } = this.#counts;
    this.#counts = {
      instances: instances + (after?.instances.length ?? 0) - (before?.instances.length ?? 0),
      filtered: filtered + (after?.filtered.length ?? 0) - (before?.filtered.length ?? 0),
      filteredBy: recount(filteredBy, before?.filtered ?? [], after?.filtered ?? []),
    };
  }
}

function recount(
  counts: SourceStatus['filteredBy'],
  before: readonly FilteredInstance[],
  after: readonly FilteredInstance[],
): SourceStatus['filteredBy'] {
  const next = { ...counts };
  for (const { reason } of before) next[reason] = (next[reason] ?? 0) - 1;
  for (const { reason } of after) next[reason] = (next[reason] ?? 0) + 1;
  return next;
}
