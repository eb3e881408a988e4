import type { Logger } from 'pino';
import type { RestoredView } from '../admin/release.js';
import type { SourceStatus } from '../catalogue/source-status.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { KeptSnapshot } from '../snapshot/snapshot-keeper.js';

/** How long the first answers may take before the file is read, and how often it is looked for them; milliseconds. */
const PATIENCE = 700;
const LOOK = 50;

export interface RestoredSnapshotDependencies {
  readonly logger: Logger;
  /** The registries without an answer yet. */
  readonly waiting: () => readonly SourceStatus[];
  /** Whether what the registries say is served. */
  readonly started: () => boolean;
  readonly serve: (snapshot: Snapshot) => void;
}

/**
 * Serves what was served in the life before, while not all registries have answered: once those that have not have all
 * failed, and with patience for one that says nothing. It is served as it is until all have answered, since it does not
 * tell which registry a cluster came from.
 */
export class RestoredSnapshot {
  #restored: KeptSnapshot | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly file: string,
    private kept: KeptSnapshot | undefined,
    private readonly deps: RestoredSnapshotDependencies,
    signal: AbortSignal,
  ) {
    const deadline = performance.now() + PATIENCE;
    this.#timer = setInterval(() => this.#look(performance.now() >= deadline), LOOK);
    signal.addEventListener('abort', () => clearInterval(this.#timer), { once: true });
  }

  /** Undefined where what the registries say is served. */
  get current(): RestoredView | undefined {
    if (this.#restored === undefined || this.deps.started()) return undefined;
    const written = new Date(this.#restored.at).toISOString();
    return { file: this.file, written, waiting_for: names(this.deps.waiting()) };
  }

  /** Serves it once more, after a change of what is not in the file. */
  again(): void {
    if (this.#restored !== undefined && !this.deps.started()) this.deps.serve(this.#restored.snapshot);
  }

  #look(isLate: boolean): void {
    const { logger, waiting, started } = this.deps;
    if (!started()) {
      const unanswered = waiting();
      if (!isLate && unanswered.some(({ lastError }) => lastError === undefined)) return;
      this.#restored = this.kept;
      if (this.#restored !== undefined) {
        logger.warn(this.current, 'not all registries answer: the snapshot file is served until they do');
        this.again();
      }
    }
    clearInterval(this.#timer);
    this.kept = undefined;
  }
}

function names(sources: readonly SourceStatus[]): readonly string[] {
  return [...new Set(sources.map(({ registry }) => registry))];
}
