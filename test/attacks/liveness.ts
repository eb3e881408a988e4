import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';

const PACE = 200;
const PATIENCE = 10_000;

/** Asks a server whether it lives, as Kubernetes does. */
export class Liveness {
  /** The longest time of an answer, milliseconds. */
  worst = 0;
  failures = 0;
  readonly #agent = new Agent({ headersTimeout: PATIENCE });
  readonly #end = new AbortController();
  readonly #done;

  /** @param admin `http://host:port` */
  constructor(private readonly admin: string) {
    this.#done = this.#run();
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#done;
    await this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const began = performance.now();
      const lives = await this.#ask();
      this.worst = Math.max(this.worst, performance.now() - began);
      if (!lives) this.failures += 1;
      await setTimeout(PACE);
    }
  }

  async #ask(): Promise<boolean> {
    try {
      const { statusCode, body } = await request(`${this.admin}/healthz`, { dispatcher: this.#agent });
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }
}
