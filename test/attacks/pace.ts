/** Resolves when `signal` is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

/** Runs `lane` so many times at once, each over and over until `signal` is aborted. */
export async function lanes(
  count: number,
  signal: AbortSignal,
  lane: (n: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      while (!signal.aborted) {
        await lane(n);
        // Sockets and signals need a turn, also between calls that end at once.
        await new Promise(setImmediate);
      }
    }),
  );
}
