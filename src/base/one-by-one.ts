/** Does jobs one after the other, in the order in which they came. One that fails holds up none. */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns what the job returns. @throws what it throws */
  async run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return await result;
  }
}
