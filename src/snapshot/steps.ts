/** Long work, done a piece at a time so that other work can go on between two pieces. */
export type Steps<Result> = Generator<undefined, Result>;

/** How many names or the like make a piece: a few milliseconds of work. */
export const STEP = 2_000;
/** Characters of a name that are as much work as one name more. */
const CHARACTERS = 64;

/** Whether a text of this many bytes, of names or the like, is more than a piece of work. */
export function isLong(bytes: number): boolean {
  return bytes > STEP * CHARACTERS;
}

/** Counts names towards the end of a piece. */
export class Piece {
  #done = 0;

  /** @returns whether the piece ends with this name */
  endsWith(name: string): boolean {
    this.#done += 1 + Math.floor(name.length / CHARACTERS);
    if (this.#done < STEP) return false;
    this.#done = 0;
    return true;
  }
}

/** All the steps, one right after the other. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
