import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { WorkerFigures } from '../telemetry/metrics/xds-totals.js';

/** Milliseconds; as fine as the metrics of the first process. */
const RESOLUTION = 10;

/** Measures what this process takes of the machine, from now on. */
export class ProcessMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION });

  /** @param worker the number of this process */
  constructor(private readonly worker: number) {
    this.#delay.enable();
  }

  /** The delays of the event loop are those since the last time. */
  read(): WorkerFigures {
    const lagSeconds = this.#delay.percentile(99) / 1e9;
    this.#delay.reset();
    const { user, system } = process.cpuUsage();
    return {
      worker: this.worker,
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      lagSeconds,
    };
  }
}
