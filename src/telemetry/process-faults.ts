import type { Logger } from 'pino';
import { messageOf } from '../errors.js';

/** Milliseconds between two lines about promises that were rejected: a defect may strike very often. */
const PAUSE = 1_000;

/** What is needed of a process. */
export interface FaultyProcess {
  on(
    event: 'unhandledRejection' | 'uncaughtException' | 'warning',
    listener: (thrown: Error) => void,
  ): unknown;
  removeAllListeners(event: 'warning'): unknown;
  exit(code: number): never;
  readonly stderr: { write(text: string): unknown };
}

/**
 * Takes what nothing else in the process caught. Until there is a log it prints one line and ends the process. From then
 * on a rejected promise that nobody awaits is logged, counted and survived: it belongs to one piece of work. After an
 * exception nobody knows what is whole any more, so it ends the process.
 */
export class ProcessFaults {
  #logger: Logger | undefined;
  #rejections = 0;
  #told = Number.NEGATIVE_INFINITY;
  #untold = 0;

  /** @param now milliseconds */
  constructor(
    private readonly process: FaultyProcess,
    private readonly now: () => number = () => performance.now(),
  ) {
    process.on('unhandledRejection', (thrown) => this.#rejected(thrown));
    process.on('uncaughtException', (thrown) => this.#end(thrown));
  }

  /** How many promises were rejected that nobody awaited. */
  get rejections(): number {
    return this.#rejections;
  }

  /** Uses the log from now on, also for the warnings of Node.js and of what runs in the process. */
  logTo(logger: Logger): void {
    this.#logger = logger;
    // Node's own listener prints several lines to standard error.
    this.process.removeAllListeners('warning');
    this.process.on('warning', (warning) => {
      logger.warn({ err: warning }, `the process warns: ${messageOf(warning)}`);
    });
  }

  #rejected(thrown: unknown): void {
    if (this.#logger === undefined) this.#end(thrown);
    this.#rejections += 1;
    this.#untold += 1;
    if (this.now() - this.#told < PAUSE) return;
    this.#logger.error(
      { err: thrown, rejections: this.#untold },
      `a defect: nothing handled the rejection of a promise: ${messageOf(thrown)}`,
    );
    this.#told = this.now();
    this.#untold = 0;
  }

  #end(thrown: unknown): never {
    const line = `a defect ends the process: ${messageOf(thrown)}`;
    if (this.#logger?.isLevelEnabled('fatal') === true) this.#logger.fatal({ err: thrown }, line);
    else this.process.stderr.write(`signalbox: ${line}\n`);
    this.process.exit(1);
  }
}
