import { setTimeout } from 'node:timers/promises';
import type { Traffic } from '../traffic.js';

/** Milliseconds between two looks at how many requests are due. */
const BEAT = 5;

/** Requests at a fixed rate, whether those before were answered or not, over several paths in turn. */
export class SteadyLoad {
  readonly #requests = new Map<string, number>();
  readonly #failures = new Map<string, string[]>();
  readonly #open = new Set<Promise<void>>();
  #standstill = 0;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  /** @param rate requests a second, in all */
  constructor(
    private readonly traffic: Traffic,
    private readonly paths: readonly string[],
    rate: number,
  ) {
    this.#running = this.#run(rate);
  }

  /** The longest time in which nothing was sent because this very process was not let run, milliseconds. */
  get standstill(): number {
    return this.#standstill;
  }

  /** Requests begun for a path so far. */
  requests(path: string): number {
    return this.#requests.get(path) ?? 0;
  }

  /** Answers for a path other than 200, and broken connections. */
  failures(path: string): readonly string[] {
    return this.#failures.get(path) ?? [];
  }

  /** Resolves when so many more requests have been made for a path. */
  async goneOn(path: string, count: number): Promise<void> {
    const wanted = this.requests(path) + count;
    while (this.requests(path) < wanted) await setTimeout(BEAT);
  }

  /** Resolves when every request begun before has its answer. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
    await this.settled();
  }

  async #run(rate: number): Promise<void> {
    const began = performance.now();
    let last = began;
    for (let sent = 0; !this.#end.signal.aborted; await setTimeout(BEAT)) {
      const now = performance.now();
      this.#standstill = Math.max(this.#standstill, now - last);
      last = now;
      const due = Math.floor(((now - began) * rate) / 1000);
      // A machine that stood still is not made up for at once.
      sent = Math.max(sent, due - rate);
      for (; sent < due; sent += 1) this.#ask(this.paths[sent % this.paths.length] ?? '/');
    }
  }

  #ask(path: string): void {
    this.#requests.set(path, this.requests(path) + 1);
    const fail = (what: string) => void this.#failures.set(path, [...this.failures(path), what]);
    const asked = this.traffic.get(path).then(
      ({ status, reason }) => {
        if (status !== 200) fail(`${status} ${reason}`);
      },
      (error: unknown) => fail(String(error)),
    );
    this.#open.add(asked);
    void asked.finally(() => this.#open.delete(asked));
  }
}
