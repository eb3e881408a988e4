import type { Duration } from '../generated/types/google/protobuf/Duration.js';

/** Milliseconds as `google.protobuf.Duration`. */
export function protoDuration(milliseconds: number): Duration {
  const seconds = Math.floor(milliseconds / 1_000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1_000) * 1_000_000) };
}
