import fc, { type Arbitrary, type IProperty } from 'fast-check';

/** Something that reads what others wrote. */
export interface FuzzTarget {
  readonly name: string;
  readonly property: IProperty<[unknown]>;
}

/** @param check throws where the case is not dealt with as it should be */
export function target<T>(name: string, cases: Arbitrary<T>, check: (value: T) => void): FuzzTarget {
  return { name, property: fc.property(cases as Arbitrary<unknown>, (value) => check(value as T)) };
}

/** What became of a run. */
export interface FuzzResult {
  readonly name: string;
  readonly cases: number;
  readonly seconds: number;
  /** Megabytes of heap after a collection, before and after. */
  readonly heap: { readonly before: number; readonly after: number };
  /** The report of the first case that failed, with its seed. */
  readonly failure: string | undefined;
}

const CHUNK = 5_000;

/**
 * Runs so many cases, or those that the time allows.
 * @param progress called now and then with the cases so far
 */
export async function fuzz(
  { name, property }: FuzzTarget,
  cases: number,
  options: { readonly seed: number; readonly seconds?: number; progress?(cases: number): void },
): Promise<FuzzResult> {
  const { seed, seconds = Number.POSITIVE_INFINITY, progress } = options;
  const before = heapNow();
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let done = 0;
  let failure: string | undefined;
  while (done < cases && failure === undefined && elapsed() < seconds) {
    const numRuns = Math.min(CHUNK, cases - done);
    const details = fc.check(property, { seed: seed + done, numRuns });
    if (details.failed)
      failure = `${fc.defaultReportMessage(details) ?? ''}\n${String(details.errorInstance)}`;
    done += details.numRuns;
    progress?.(done);
    // What is held by weak references goes between two turns of the event loop only.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { name, cases: done, seconds: elapsed(), heap: { before, after: heapNow() }, failure };
}

function heapNow(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
