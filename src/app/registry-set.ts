import type { Logger } from 'pino';
import { globMatcher } from '../base/glob.js';
import type { Catalogue, SourceEntry } from '../catalogue/catalogue.js';
import { startSource } from '../catalogue/run-source.js';
import type { Source } from '../discovery/source.js';
import { RegistryDump } from './registry-dump.js';
import { ReplacedSources } from './replaced-sources.js';
import type { SourceOptions } from './sources.js';

interface Registry {
  /** What the configuration says of it, to see whether that has changed. */
  readonly text: string;
  readonly entries: readonly SourceEntry[];
  readonly life: AbortController;
  readonly dump: RegistryDump | undefined;
}

export type CreateSources = (
  registry: string,
  options: SourceOptions,
  deps: { readonly logger: Logger },
) => Promise<readonly Source[]>;

/** The registries of a configuration, by name, ready to take the place of those that are watched now. */
export type PreparedRegistries = ReadonlyMap<string, Registry>;

/** The registries that are watched now. */
export class RegistrySet {
  #registries: PreparedRegistries = new Map();
  readonly #replaced: ReplacedSources;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly createSources: CreateSources,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {
    this.#replaced = new ReplacedSources(catalogue);
  }

  /** Makes what the configuration names and is not watched yet; a registry whose options are the same is taken over. */
  async prepare(discovery: Readonly<Record<string, SourceOptions>>): Promise<PreparedRegistries> {
    const entries = Object.entries(discovery).map(async ([name, options]) => {
      const text = JSON.stringify(options);
      const running = this.#registries.get(name);
      const registry = running?.text === text ? running : await this.#create(name, text, options);
      return [name, registry] as const;
    });
    return new Map(await Promise.all(entries));
  }

  /** Watches what was prepared; a registry that was taken over goes on undisturbed. */
  apply(prepared: PreparedRegistries): void {
    const before = this.#registries;
    this.#registries = prepared;
    for (const [name, registry] of prepared) {
      const running = before.get(name);
      if (running !== undefined && running !== registry)
        this.#replaced.replace(name, running.entries, registry.entries);
    }
    for (const [name, registry] of before) {
      if (this.#registries.get(name) !== registry) registry.life.abort();
      if (!this.#registries.has(name)) this.#replaced.forget(name);
    }
    this.#replaced.release();
    this.#tellCatalogue();
  }

  /** Lets go of replaced sources once the new ones have answered. */
  settle(): void {
    if (this.#replaced.release()) this.#tellCatalogue();
  }

  /** Resolves when the files of all registries are written, once they are given up. */
  async closed(): Promise<void> {
    await Promise.all([...this.#registries.values()].map(({ dump }) => dump?.closed()));
  }

  #tellCatalogue(): void {
    const entries = [...this.#registries].flatMap(([name, registry]) => [
      ...registry.entries,
      ...this.#replaced.entries(name),
    ]);
    const added = this.catalogue.setSources(entries);
    for (const [source, sink] of added) {
      const registry = this.#registries.get(source.registry);
      if (registry === undefined) continue;
      const signal = AbortSignal.any([registry.life.signal, this.signal]);
      startSource(source, {
        sink: registry.dump?.guard(sink, signal) ?? sink,
        restarted: () => sink.restarted(),
        logger: this.logger,
        signal,
      });
    }
  }

  async #create(name: string, text: string, options: SourceOptions): Promise<Registry> {
    const rules = {
      serviceTemplate: options.service_template,
      skipped: globMatcher(options.skip_services),
      ...('mass_loss' in options && { massLoss: options.mass_loss }),
    };
    const sources = await this.createSources(name, options, { logger: this.logger });
    const entries = sources.map((source) => ({ source, rules }));
    const life = new AbortController();
    const signal = AbortSignal.any([life.signal, this.signal]);
    // A document store keeps no such file.
    const file = 'dump' in options ? options.dump : undefined;
    const dump = file && new RegistryDump(name, file, this.logger, signal);
    return { text, entries, life, dump };
  }
}
