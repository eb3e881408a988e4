import type { SnapshotCache } from '../snapshot/cache.js';
import type { XdsStream } from './stream.js';

/** Milliseconds of pushing in a row before everything else gets its turn. */
const BUDGET = 4;

/** Brings streams to the snapshot of their group, many of them in turns, each to the latest when its turn comes. */
export class FanOut {
  readonly #waiting = new Set<XdsStream>();
  #running = false;

  constructor(private readonly cache: SnapshotCache) {}

  push(streams: Iterable<XdsStream>): void {
    for (const stream of streams) this.#waiting.add(stream);
    if (!this.#running) this.#run();
  }

  forget(stream: XdsStream): void {
    this.#waiting.delete(stream);
  }

  #run(): void {
    const end = performance.now() + BUDGET;
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      const snapshot = stream.group === undefined ? undefined : this.cache.getSnapshot(stream.group);
      if (snapshot !== undefined) stream.push(snapshot);
      if (performance.now() > end) break;
    }
    this.#running = this.#waiting.size > 0;
    if (this.#running) setImmediate(() => this.#run());
  }
}
