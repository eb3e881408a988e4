/** Runs a job for all who ask. Those who ask while it runs share the next run, which begins after they asked. */
export class SharedRun {
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param job never rejects */
  constructor(private readonly job: () => Promise<void>) {}

  /** @returns at the end of a run that began now or later */
  async run(): Promise<void> {
    this.#next ??= this.#running?.then(async () => await this.#start());
    await (this.#next ?? this.#start());
  }

  async #start(): Promise<void> {
    this.#next = undefined;
    const run = this.job();
    this.#running = run;
    await run;
    if (this.#running === run && this.#next === undefined) this.#running = undefined;
  }
}
