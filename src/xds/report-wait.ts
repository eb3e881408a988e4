import type { Steps } from '../snapshot/steps.js';

/**
 * Holds the answers to a proxy that has come back while what it has is being reported: a resource that quarantine left
 * out is served again when a proxy has it.
 */
export class ReportWait {
  #open = 0;

  /**
   * @param taken waits until what was reported has had its effect on what is served; undefined where that has happened
   * when the report ends
   * @param decided called then
   * @param resume called after that where the answer has waited
   */
  constructor(
    private readonly taken: (() => Promise<void>) | undefined,
    private readonly decided: () => void,
    private readonly resume: () => void,
  ) {}

  get waits(): boolean {
    return this.#open > 0;
  }

  /** @param report tells whether the answer would take something from the proxy */
  *during(report: Steps<boolean>): Steps<void> {
    this.#open += 1;
    const loses = yield* report;
    const taken = loses ? this.taken?.() : undefined;
    if (taken === undefined) {
      this.#end();
      return;
    }
    const resume = () => {
      this.#end();
      this.resume();
    };
    taken.then(resume, resume);
  }

  #end(): void {
    this.#open -= 1;
    this.decided();
  }
}
