import type { Catalogue, SourceEntry } from '../catalogue/catalogue.js';

/** A stopped source and those that take over from it. */
interface Replaced {
  readonly entry: SourceEntry;
  readonly by: readonly SourceEntry[];
}

/** Stopped sources whose last state is served until those that take over have answered. */
export class ReplacedSources {
  #byRegistry = new Map<string, readonly Replaced[]>();

  constructor(private readonly catalogue: Catalogue) {}

  /** Takes in the sources of a registry that have something to serve, while `after` is to take over. */
  replace(registry: string, before: readonly SourceEntry[], after: readonly SourceEntry[]): void {
    const earlier = (this.#byRegistry.get(registry) ?? []).map(({ entry, by }) => ({
      entry,
      by: by.flatMap((successor) => successors(successor, before, after)),
    }));
    const stopped = before
      .filter(({ source }) => this.catalogue.hasAnswered(source))
      .map((entry) => ({ entry, by: successors(entry, before, after) }));
    this.#byRegistry.set(registry, [...stopped, ...earlier]);
  }

  forget(registry: string): void {
    this.#byRegistry.delete(registry);
  }

  /** Lets go of those that are no longer needed; says whether there were any. */
  release(): boolean {
    let released = false;
    for (const [registry, all] of this.#byRegistry) {
      const kept = all.filter(({ by }) => !by.every(({ source }) => this.catalogue.hasAnswered(source)));
      released ||= kept.length < all.length;
      if (kept.length === 0) this.#byRegistry.delete(registry);
      else this.#byRegistry.set(registry, kept);
    }
    return released;
  }

  entries(registry: string): readonly SourceEntry[] {
    return (this.#byRegistry.get(registry) ?? []).map(({ entry }) => entry);
  }
}

/**
 * The source of the same server, so that one server that does not answer keeps up nothing of another; for a server
 * that is named no more all new servers; none where it was just taken away.
 */
function successors(
  { source }: SourceEntry,
  before: readonly SourceEntry[],
  after: readonly SourceEntry[],
): readonly SourceEntry[] {
  const same = after.filter((entry) => entry.source.server === source.server);
  if (same.length > 0) return same;
  const known = new Set(before.map((entry) => entry.source.server));
  return after.filter((entry) => !known.has(entry.source.server));
}
