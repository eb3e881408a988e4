/** How long other work waits while that of the turns goes on, milliseconds. */
const SLICE = 5;

/**
 * Long work of all streams, in pieces between which everything else goes on. One after the other: equal requests of
 * many proxies find what the first of them has left in the memories, which they would not if all began at once.
 */
export class Turns {
  readonly #works: (() => boolean)[] = [];

  /** @param work does a piece, some milliseconds long, and tells whether it was the last one */
  add(work: () => boolean): void {
    this.#works.push(work);
    if (this.#works.length === 1) setImmediate(this.#run);
  }

  readonly #run = () => {
    const end = performance.now() + SLICE;
    do {
      const [work] = this.#works;
      if (work === undefined) return;
      if (work()) this.#works.shift();
    } while (performance.now() < end);
    if (this.#works.length > 0) setImmediate(this.#run);
  };
}
