import type { Load } from '../../xds/load-reports/report.js';

/** Seconds that one bucket counts. */
export const BUCKET_SECONDS = 10;
/** The longest window, in whole buckets: 5 minutes. */
export const MOST_BUCKETS = 30;
/** The whole buckets, and the one that is being filled. */
const SLOTS = MOST_BUCKETS + 1;

/** Sums over some time. */
export interface LoadSums {
  readonly successes: number;
  readonly errors: number;
  readonly dropped: number;
  /** How many requests were seen under way, over all reports. */
  readonly sightings: number;
  /** Those, each times the seconds that its report stands for: what requests took, all together, as far as seen. */
  readonly busySeconds: number;
  /** By the names that the window was made with. */
  readonly metrics: readonly { readonly requests: number; readonly sum: number }[];
}

const FIELDS = 5;
const NOTHING = { requests: 0, sum: 0 };

/** What was reported of one service or instance: sums since it was first seen, and those of the last minutes. */
export class LoadWindow {
  readonly #width: number;
  /** Whole numbers up to 16 million are exact, which is far more than a bucket holds. */
  readonly #slots: Float32Array;
  readonly #total: Float64Array;
  #bucket: number;

  /**
   * @param metrics names of what instances say of themselves; others are left out
   * @param bucket the number of the current bucket: the time divided by {@link BUCKET_SECONDS}
   */
  constructor(
    readonly metrics: readonly string[],
    bucket: number,
  ) {
    this.#width = FIELDS + 2 * metrics.length;
    this.#slots = new Float32Array(SLOTS * this.#width);
    this.#total = new Float64Array(this.#width);
    this.#bucket = bucket;
  }

  /** The number of the bucket in which something was reported last. */
  get lastBucket(): number {
    return this.#bucket;
  }

  /** Adds what one report says, in the bucket in which it came. */
  add(bucket: number, load: Load, dropped: number, seconds: number): void {
    this.#advance(bucket);
    const { successes, errors, inProgress } = load;
    this.#put(0, successes);
    this.#put(1, errors);
    this.#put(2, dropped);
    this.#put(3, inProgress);
    this.#put(4, inProgress * seconds);
    if (load.metrics.size === 0) return;
    this.metrics.forEach((name, index) => {
      const { requests, sum } = load.metrics.get(name) ?? NOTHING;
      this.#put(FIELDS + 2 * index, requests);
      this.#put(FIELDS + 2 * index + 1, sum);
    });
  }

  /** The sums of the last `count` whole buckets before `bucket`, which is still being filled. */
  last(count: number, bucket: number): LoadSums {
    const sums = new Float64Array(this.#width);
    const oldest = Math.max(bucket - Math.min(count, MOST_BUCKETS), this.#bucket - MOST_BUCKETS);
    for (let each = oldest; each < bucket && each <= this.#bucket; each += 1) {
      const start = (each % SLOTS) * this.#width;
      for (let field = 0; field < this.#width; field += 1)
        sums[field] = (sums[field] ?? 0) + (this.#slots[start + field] ?? 0);
    }
    return this.#named(sums);
  }

  /** The sums since the window was made. */
  total(): LoadSums {
    return this.#named(this.#total);
  }

  #advance(bucket: number): void {
    const from = Math.max(this.#bucket + 1, bucket - SLOTS + 1);
    for (let each = from; each <= bucket; each += 1) {
      const start = (each % SLOTS) * this.#width;
      this.#slots.fill(0, start, start + this.#width);
    }
    this.#bucket = Math.max(this.#bucket, bucket);
  }

  #put(field: number, value: number): void {
    if (value === 0) return;
    const place = (this.#bucket % SLOTS) * this.#width + field;
    this.#slots[place] = (this.#slots[place] ?? 0) + value;
    this.#total[field] = (this.#total[field] ?? 0) + value;
  }

  #named(sums: Float64Array): LoadSums {
    const at = (field: number) => sums[field] ?? 0;
    return {
      successes: at(0),
      errors: at(1),
      dropped: at(2),
      sightings: at(3),
      busySeconds: at(4),
      metrics: this.metrics.map((_, index) => ({
        requests: at(FIELDS + 2 * index),
        sum: at(FIELDS + 2 * index + 1),
      })),
    };
  }
}
