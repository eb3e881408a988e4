/** Takes what somebody else's code threw. */
export type Report = (thrown: unknown) => void;

/**
 * Calls somebody else's function that is told of something: a callback, a listener, a watcher. What it throws, and what a
 * promise that it returns is rejected with, goes to `report` and no further.
 */
export function tellOutside(call: () => unknown, report: Report): void {
  try {
    const returned = call();
    if (isPromise(returned)) returned.then(undefined, (thrown) => reportSafely(report, thrown));
  } catch (thrown) {
    reportSafely(report, thrown);
  }
}

/**
 * Asks somebody else's function. One that is asynchronous has no answer, since nobody waits for it.
 * @param failed what to make of what it throws, or of a promise in place of an answer
 */
export function askOutside<T>(call: () => T, failed: (thrown: unknown) => T): T {
  let answer: T;
  try {
    answer = call();
  } catch (thrown) {
    return failed(thrown);
  }
  if (!isPromise(answer)) return answer;
  // Whatever becomes of it, it is no answer.
  answer.then(undefined, () => undefined);
  return failed(new TypeError('it returned a promise; it has to answer synchronously'));
}

/** For where there is no log: Node.js prints it as a warning, and the process goes on. */
export function warnOf(thrown: unknown): void {
  process.emitWarning(thrown instanceof Error ? thrown : new Error(`something was thrown: ${typeof thrown}`));
}

function reportSafely(report: Report, thrown: unknown): void {
  try {
    const returned: unknown = report(thrown);
    if (isPromise(returned)) returned.then(undefined, warnOf);
  } catch (failure) {
    warnOf(failure);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
