import type { Source } from '../../src/discovery/source.js';
import { RecordingSink } from './recording-sink.js';

/** A source that runs into a recording sink until it is stopped. */
export class RunningSource {
  readonly sink: RecordingSink;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(source: Source | undefined, sink = new RecordingSink()) {
    if (source === undefined) throw new Error('no source was made');
    this.sink = sink;
    this.#ended = source.run(this.sink, this.#stop.signal);
    // Told by `stop`, where a test waits for it.
    this.#ended.catch(() => undefined);
  }

  /** Rejects if the source did. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}
