/** Long work, done a piece at a time so that other work can go on between two pieces. */
export type Steps<Result> = Generator<undefined, Result>;

/** How many names or the like make a piece: a few milliseconds of work. */
export const STEP = 2_000;

/** All the steps, one right after the other. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
