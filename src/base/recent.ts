import { ByteBudget } from './byte-budget.js';

/** Memory that something keeps, and how much that is. Equal things are one object. */
export interface Weight {
  readonly thing: object;
  readonly bytes: number;
}

/** The last few of something, oldest first, up to a number of bytes: so much stays after whoever brought it has gone. */
export class Recent<T> {
  /** To be looked through; not to be changed. */
  readonly entries: T[] = [];
  readonly #held = new ByteBudget(Number.POSITIVE_INFINITY, '');

  /**
   * @param most entries
   * @param mostBytes of all entries together; what several keep counts once. The last entry is kept whatever it takes
   * @param weightsOf what an entry keeps
   */
  constructor(
    private readonly most: number,
    private readonly mostBytes: number,
    private readonly weightsOf: (entry: T) => readonly Weight[],
  ) {}

  get bytes(): number {
    return this.#held.bytes;
  }

  add(entry: T): void {
    this.entries.push(entry);
    for (const { thing, bytes } of this.weightsOf(entry)) this.#held.share(thing, bytes);
    while (
      this.entries.length > this.most ||
      (this.entries.length > 1 && this.#held.bytes > this.mostBytes)
    ) {
      const oldest = this.entries.shift();
      if (oldest === undefined) return;
      for (const { thing } of this.weightsOf(oldest)) this.#held.unshare(thing);
    }
  }
}
