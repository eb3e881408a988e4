import type { CacheChange, Group } from './cache.js';
import type { Snapshot } from './snapshot.js';

/** Changes that wait for one reader: for each group one, from what the reader saw last to the latest. */
export class WaitingChanges {
  readonly #waiting = new Map<Group, CacheChange>();
  #wake = () => {};

  constructor(private readonly ended: AbortSignal) {
    ended.addEventListener('abort', () => this.#wake(), { once: true });
  }

  add(group: Group, snapshot: Snapshot, previous: Snapshot): void {
    this.#waiting.set(group, {
      group,
      snapshot,
      previous: this.#waiting.get(group)?.previous ?? previous,
    });
    this.#wake();
  }

  /** @param left called once, when the reader reads no more */
  async *read(left: () => void): AsyncGenerator<CacheChange, void, void> {
    try {
      while (!this.ended.aborted) {
        const [next] = this.#waiting.values();
        if (next !== undefined) {
          this.#waiting.delete(next.group);
          yield next;
          continue;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      left();
    }
  }
}
