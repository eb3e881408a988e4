import type { Outstanding, TypeState } from './type-state.js';

/** Whether two states are equal in all that decides what comes next. */
export function sameTypeState(a: TypeState, b: TypeState): boolean {
  return (
    a === b ||
    (a.held === b.held &&
      a.serial === b.serial &&
      a.typeUrl === b.typeUrl &&
      a.subscription === b.subscription &&
      a.implicit === b.implicit &&
      a.owed === b.owed &&
      a.mustAnswer === b.mustAnswer &&
      a.version === b.version &&
      a.acknowledged === b.acknowledged &&
      a.acknowledgedVersion === b.acknowledgedVersion &&
      a.rejected === b.rejected &&
      a.doubtful === b.doubtful &&
      a.repairs === b.repairs &&
      a.listed === b.listed &&
      sameOutstanding(a.outstanding, b.outstanding))
  );
}

function sameOutstanding(a: readonly Outstanding[], b: readonly Outstanding[]): boolean {
  return (
    a.length === b.length &&
    a.every((entry, index) => {
      const other = b[index];
      return entry.nonce === other?.nonce && entry.response === other.response && entry.held === other.held;
    })
  );
}
