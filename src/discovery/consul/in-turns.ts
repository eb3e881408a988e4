/** Requests at a time, beside those that block. */
const AT_A_TIME = 8;

/** Does the step for each item, a few at a time. */
export async function inTurns<T>(items: Iterable<T>, step: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await step(next.value);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}
