import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ServerStats } from './server-stats.js';

/** How long the event loop stood still: on the clock, and by the CPU time that this process itself took meanwhile. */
export class LoopWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });
  #seen = performance.now();
  #cpu = cpuMilliseconds();
  #blocked = 0;
  #watching = false;

  get stats(): ServerStats['event_loop'] {
    const { max } = this.#delay;
    const [p50, p99] = [this.#delay.percentile(50), this.#delay.percentile(99)];
    return { p50_ms: p50 / 1e6, p99_ms: p99 / 1e6, max_ms: max / 1e6, blocked_ms: this.#blocked };
  }

  /** Begins to watch, or begins anew: watching takes a tenth of a core, so nobody watches unasked. */
  reset(): void {
    if (!this.#watching) {
      this.#watching = true;
      this.#delay.enable();
      setInterval(() => this.#look(), 1).unref();
      [this.#seen, this.#cpu] = [performance.now(), cpuMilliseconds()];
    }
    this.#delay.reset();
    this.#blocked = 0;
  }

  #look(): void {
    const [seen, cpu] = [performance.now(), cpuMilliseconds()];
    this.#blocked = Math.max(this.#blocked, Math.min(seen - this.#seen, cpu - this.#cpu));
    [this.#seen, this.#cpu] = [seen, cpu];
  }
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}
