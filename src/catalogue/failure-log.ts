import type { Logger } from 'pino';
import type { FailureEvents, ServiceFailure } from './service-failures.js';

/** Lines in a window of so many milliseconds: a registry may have very many services that fail at once. */
const MOST_LINES = 20;
const WINDOW = 60_000;

/** Logs when a service of one source begins to fail and when that ends. */
export class FailureLog implements FailureEvents {
  #from = Number.NEGATIVE_INFINITY;
  #lines = 0;

  /** @param now milliseconds */
  constructor(
    private readonly logger: Logger,
    private readonly now: () => number,
  ) {}

  failing({ key, code, message: reason }: ServiceFailure): void {
    if (this.#mayLog())
      this.logger.warn({ ...key, code, reason }, 'service failing: its last good state is kept');
  }

  recovered({ key, since }: ServiceFailure): void {
    if (this.#mayLog())
      this.logger.info(
        { ...key, seconds: Math.round((this.now() - since) / 1_000) },
        'service no longer failing',
      );
  }

  #mayLog(): boolean {
    if (this.now() - this.#from >= WINDOW) {
      this.#from = this.now();
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines === MOST_LINES + 1)
      this.logger.warn(
        'more services fail or recover: see /registries. No more lines about them for a minute',
      );
    return this.#lines <= MOST_LINES;
  }
}
