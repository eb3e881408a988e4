/** One inner loop. `prepare` makes its data and gives the operation to be timed. */
export interface Case {
  readonly name: string;
  readonly prepare: () => () => unknown;
}

export interface Timing {
  readonly name: string;
  /** The median over batches, nanoseconds an operation. */
  readonly nanoseconds: number;
}

const BATCH_MILLISECONDS = 20;
const BATCHES = 25;

/** What the operations gave lately; it keeps the compiler from leaving them out. */
export const results: unknown[] = new Array(16);

export function time({ name, prepare }: Case): Timing {
  const operation = prepare();
  const size = batchSize(operation);
  const batches = Array.from({ length: BATCHES }, () => (batch(operation, size) / size) * 1e6);
  batches.sort((a, b) => a - b);
  return { name, nanoseconds: batches[Math.floor(BATCHES / 2)] ?? Number.NaN };
}

/** How many operations fill a batch; finding out warms the operation up. */
function batchSize(operation: () => unknown): number {
  let size = 1;
  for (;;) {
    const took = batch(operation, size);
    if (took >= BATCH_MILLISECONDS) return size;
    size = Math.ceil(size * Math.min(10, Math.max(1.5, BATCH_MILLISECONDS / took)));
  }
}

/** Milliseconds of `count` operations. */
function batch(operation: () => unknown, count: number): number {
  const began = performance.now();
  for (let round = 0; round < count; round += 1) results[round & 15] = operation();
  return performance.now() - began;
}
