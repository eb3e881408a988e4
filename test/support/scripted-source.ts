import type { ServiceKey, Source, SourceSink } from '../../src/discovery/source.js';

/** A source that says what a test tells it to say, to the sink of its latest run. */
export class ScriptedSource implements Source {
  /** How often it was started. */
  runs = 0;
  running = false;
  #sink: SourceSink | undefined;
  #defect: ((thrown: unknown) => void) | undefined;

  /** @param aliases what {@link Source.alias} knows, by name */
  constructor(
    readonly registry: string,
    readonly server = 'one',
    private readonly aliases: Readonly<Record<string, ServiceKey>> = {},
  ) {}

  get sink(): SourceSink {
    if (this.#sink === undefined) throw new Error(`${this.registry} was not started`);
    return this.#sink;
  }

  alias(name: string): ServiceKey | undefined {
    return this.aliases[name];
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    this.runs += 1;
    this.running = true;
    this.#sink = sink;
    await new Promise<void>((resolve, reject) => {
      this.#defect = reject;
      signal.addEventListener('abort', () => resolve(), { once: true });
    }).finally(() => {
      this.running = false;
    });
  }

  /** Makes the run reject. */
  break(thrown: unknown): void {
    this.#defect?.(thrown);
  }
}
