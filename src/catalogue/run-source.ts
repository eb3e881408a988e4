import type { Logger } from 'pino';
import { Backoff } from '../discovery/backoff.js';
import { pause } from '../discovery/pause.js';
import type { Source, SourceSink } from '../discovery/source.js';
import { messageOf, SignalboxError } from '../errors.js';

/** Milliseconds that a source must run before what went wrong with it counts as over. */
const SOUND = 60_000;

export interface RunSourceOptions {
  readonly sink: SourceSink;
  /** Called before the source runs once more, since it says everything again. */
  readonly restarted: () => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** How long to wait before each new run: 1 s at first, 30 s at most. */
  readonly backoff?: Backoff;
  /** Milliseconds between two lines about a defect that lasts, and after which a run counts as sound. */
  readonly sound?: number;
}

/**
 * Runs a source until the signal is aborted. A source that throws, or ends by itself, has a defect: its server is shown
 * as failing with the error `internal`, and the source is run again after a pause. A run that is over can tell nothing
 * more and its signal is aborted, so that what it left behind ends too.
 */
export async function runSource(
  source: Source,
  { sink, restarted, logger, signal, backoff = new Backoff(1_000, 30_000), sound = SOUND }: RunSourceOptions,
): Promise<void> {
  const { registry, server } = source;
  const log = logger.child({ registry, server });
  let defects = 0;
  let logged = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const life = new AbortController();
    const quiet = setTimeout(() => {
      if (defects > 0) log.info({ defects }, 'registry source runs without defects again');
      defects = 0;
      logged = Number.NEGATIVE_INFINITY;
      backoff.reset();
    }, sound);
    const thrown = await defectOf(
      source,
      whileAlive(sink, life.signal),
      AbortSignal.any([signal, life.signal]),
    );
    clearTimeout(quiet);
    life.abort();
    if (signal.aborted && thrown === undefined) return;
    const defect = thrown ?? new Error('it ended by itself');
    defects += 1;
    if (performance.now() - logged >= sound) {
      logged = performance.now();
      log.error({ err: defect, defects }, `registry source failed, starting it again: ${messageOf(defect)}`);
    }
    if (signal.aborted) return;
    try {
      sink.failed(
        new SignalboxError('internal', `a defect in the source: ${messageOf(defect)}`, { cause: defect }),
      );
    } catch (failure) {
      log.error(
        { err: failure },
        `the failure of a registry source could not be taken: ${messageOf(failure)}`,
      );
    }
    await pause(backoff.next(), signal);
    if (!signal.aborted) restarted();
  }
}

/** The same, for who does not wait for the end. */
export function startSource(source: Source, options: RunSourceOptions): void {
  runSource(source, options).catch((thrown: unknown) => {
    const { registry, server } = source;
    options.logger.error({ registry, server, err: thrown }, `no longer followed: ${messageOf(thrown)}`);
  });
}

/** What a run rejects with; undefined where it ends as it should. */
async function defectOf(source: Source, sink: SourceSink, signal: AbortSignal): Promise<unknown> {
  try {
    await source.run(sink, signal);
    return undefined;
  } catch (thrown) {
    return thrown ?? new Error('it rejected without an error');
  }
}

/** A sink that takes nothing more once the run is over. */
function whileAlive(sink: SourceSink, life: AbortSignal): SourceSink {
  return {
    set: (key, state) => {
      if (!life.aborted) sink.set(key, state);
    },
    synced: (revision) => {
      if (!life.aborted) sink.synced(revision);
    },
    failed: (error) => {
      if (!life.aborted) sink.failed(error);
    },
    serviceFailed: (key, error) => {
      if (!life.aborted) sink.serviceFailed(key, error);
    },
  };
}
