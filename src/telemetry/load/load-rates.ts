import type { LoadBook } from './load-book.js';
import type { LoadSums, LoadWindow } from './load-window.js';

/** What happened over some time. */
export interface LoadRates {
  readonly requests_per_second: number;
  readonly errors_per_second: number;
  readonly dropped_per_second: number;
  /** Errors among the requests, 0 to 1; null where there was no request. */
  readonly error_share: number | null;
  /** Requests under way, on the average. */
  readonly in_progress: number;
  /** An estimate, milliseconds; see {@link latencyOf}. */
  readonly latency_ms: number | null;
  /** The mean of what instances said of themselves, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Fewer tell nothing: the estimate is off by about one over the root of it. */
const LEAST_SIGHTINGS = 10;

/**
 * The rates of the last `seconds`, or since the start where that is less; null where that is
 * too little.
 */
export function ratesOf(window: LoadWindow, seconds: number, book: LoadBook): LoadRates | null {
  const span = book.span(seconds);
  if (span === undefined) return null;
  const sums = window.last(span.buckets, book.bucket);
  const { successes, errors, dropped, busySeconds } = sums;
  const requests = successes + errors;
  const per = span.seconds;
  return {
    requests_per_second: rounded(requests / per),
    errors_per_second: rounded(errors / per),
    dropped_per_second: rounded(dropped / per),
    error_share: requests === 0 ? null : rounded(errors / requests),
    in_progress: rounded(busySeconds / per),
    latency_ms: latencyOf(sums),
    metrics: meansOf(sums, window.metrics),
  };
}

/**
 * The mean time of a request in milliseconds, by Little's law: the mean number of requests under way, divided by the
 * requests per second. Load reports hold no times. The number under way is seen once in an interval, so this needs
 * traffic; null where too few requests were seen under way.
 */
export function latencyOf({ successes, errors, sightings, busySeconds }: LoadSums): number | null {
  const requests = successes + errors;
  if (requests === 0 || sightings < LEAST_SIGHTINGS) return null;
  return rounded((busySeconds / requests) * 1_000);
}

/** The mean of what instances said of themselves, by name; without those of which nothing was said. */
export function meansOf({ metrics }: LoadSums, names: readonly string[]): Readonly<Record<string, number>> {
  const means = names.flatMap((name, index) => {
    const { requests = 0, sum = 0 } = metrics[index] ?? {};
    return requests === 0 ? [] : [[name, rounded(sum / requests)] as const];
  });
  return Object.fromEntries(means);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
