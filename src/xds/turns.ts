import type { Steps } from '../snapshot/steps.js';

/** How long other work waits while that of the turns goes on, milliseconds. */
const SLICE = 5;

/**
 * Long work of all streams, in pieces between which everything else goes on. One after the other: equal requests of
 * many proxies find what the first of them has left in the memories, which they would not if all began at once.
 */
export class Turns {
  readonly #works: (() => boolean)[] = [];

  /** @param work does a piece, some milliseconds long, and tells whether it was the last one; it never throws */
  add(work: () => boolean): void {
    this.#works.push(work);
    if (this.#works.length === 1) setImmediate(this.#run);
  }

  /**
   * Does steps one by one.
   * @returns their result, and how many milliseconds they took. @throws what they throw
   */
  async done<T>(steps: Steps<T>): Promise<{ readonly result: T; readonly milliseconds: number }> {
    return await new Promise((resolve, reject) => {
      let milliseconds = 0;
      this.add(() => {
        const began = performance.now();
        try {
          const step = steps.next();
          milliseconds += performance.now() - began;
          if (step.done === true) resolve({ result: step.value, milliseconds });
          return step.done === true;
        } catch (thrown) {
          reject(thrown);
          return true;
        }
      });
    });
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
