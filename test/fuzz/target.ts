import { setTimeout } from 'node:timers/promises';
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

/** What became of a run, or has so far. */
export interface FuzzResult {
  readonly name: string;
  readonly cases: number;
  /** Of processor time. */
  readonly seconds: number;
  /** Megabytes that are held after a collection, buffers included: at the start and after each of `HEAP_AT`. */
  readonly held: readonly number[];
  /** The report of the first case that failed, with its seed and path. */
  readonly failure?: string | undefined;
}

/** The parts of a run after which memory is looked at: what is held for good has come to its bound by then, or grows. */
export const HEAP_AT = [0.1, 0.25, 0.5, 0.75, 1] as const;

const CHUNK = 1_000;

/**
 * Runs so many cases, or those that the time allows.
 * @param options.seed of the first case; each next thousand has the next one
 * @param options.seconds of processor time
 * @param options.progress called now and then; the run goes on when it has ended
 */
export async function fuzz(
  { name, property }: FuzzTarget,
  cases: number,
  options: {
    readonly seed: number;
    readonly seconds?: number;
    progress?(result: FuzzResult): Promise<void> | void;
  },
): Promise<FuzzResult> {
  const { seed, seconds = Number.POSITIVE_INFINITY, progress } = options;
  const began = process.cpuUsage();
  let result: FuzzResult = { name, cases: 0, seconds: 0, held: [await heldNow()] };
  while (result.cases < cases && result.failure === undefined && result.seconds < seconds) {
    const numRuns = Math.min(CHUNK, cases - result.cases);
    const details = fc.check(property, { seed: seed + result.cases / CHUNK, numRuns });
    const { user, system } = process.cpuUsage(began);
    result = { ...result, cases: result.cases + details.numRuns, seconds: (user + system) / 1_000_000 };
    if (details.failed) result = { ...result, failure: reportOf(details) };
    const due = HEAP_AT.filter((part) => result.cases >= part * cases).length + 1 - result.held.length;
    if (due > 0) {
      const held = await heldNow();
      result = { ...result, held: [...result.held, ...Array.from({ length: due }, () => held)] };
    }
    await progress?.(result);
    // What is held by weak references goes between two turns of the event loop only.
    await turn();
  }
  return result;
}

/** Runs the one case that a report names. @returns the report, undefined where the case passes now */
export function replay({ property }: FuzzTarget, seed: number, path: string): string | undefined {
  const details = fc.check(property, { seed, path, endOnFailure: true });
  return details.failed ? reportOf(details) : undefined;
}

function reportOf(details: fc.RunDetails<[unknown]>): string {
  const thrown = details.errorInstance;
  const stack = thrown instanceof Error ? thrown.stack : String(thrown);
  return `${fc.defaultReportMessage(details) ?? ''}\n${stack}`;
}

/** What has been collected is told to finalizers soon after, not at once. */
const FINALIZED_MS = 10;

/** Megabytes after a collection; what weak references and finalizers let go of takes another one. */
async function heldNow(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await setTimeout(FINALIZED_MS);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
