import { setTimeout } from 'node:timers/promises';

/** Calls `check` until it does not throw, and gives its result; after `milliseconds` its last error is thrown. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  milliseconds = 10_000,
  every = 10,
): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    try {
      return await check();
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown;
      await setTimeout(every);
    }
  }
}
