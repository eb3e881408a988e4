import type { Logger } from 'pino';

/** Between two lines about the same reason, milliseconds: who is attacked is not to write a line for every attempt. */
const PAUSE = 10_000;

/** Tells the operator of clients that were refused: the first of a kind at once, the others as a number. */
export class Refusals {
  readonly #told = new Map<string, { at: number; untold: number }>();
  #count = 0;

  /** @param now milliseconds */
  constructor(
    private readonly logger: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many there have been. */
  get count(): number {
    return this.#count;
  }

  /** @param reason one of a few fixed texts; what differs from client to client is in `fields` */
  add(reason: string, fields: Readonly<Record<string, unknown>>): void {
    this.#count += 1;
    const entry = this.#told.get(reason);
    const now = this.now();
    if (entry !== undefined && now - entry.at < PAUSE) {
      entry.untold += 1;
      return;
    }
    this.#told.set(reason, { at: now, untold: 0 });
    const others = entry?.untold ?? 0;
    this.logger.warn({ ...fields, ...(others > 0 && { others_since: others }) }, reason);
  }
}
