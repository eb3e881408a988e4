import type { ReleaseStatus } from '../../src/release/release.js';

/** Nothing is pinned, held back or on its way. */
export const NOTHING_HELD: ReleaseStatus = {
  pinned: undefined,
  quarantined: [],
  heldBack: [],
  inconsistent: [],
  rollout: undefined,
};
