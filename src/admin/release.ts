import type { ReleaseStatus } from '../release/release.js';
import { discoveryName } from '../xds/type-names.js';

/** What is served out of the file of a life before. */
export interface RestoredView {
  readonly file: string;
  readonly written: string;
  /** The registries that have not answered. */
  readonly waiting_for: readonly string[];
}

/** What `/release` shows: what stands between what is wanted and what is served. */
export function releaseView(
  { pinned, quarantined, heldBack, inconsistent, rollout }: ReleaseStatus,
  restored?: RestoredView,
) {
  return {
    restored: restored ?? null,
    pinned: pinned ?? null,
    quarantined: quarantined.map(
      ({ typeUrl, name, version, served, message, group, node, since, state }) => ({
        type: discoveryName(typeUrl),
        name,
        version,
        served: served ?? null,
        state,
        group,
        node,
        message,
        since: new Date(since).toISOString(),
      }),
    ),
    held_back: heldBack.map(({ group, node, reason, typeUrl, names, message, since }) => ({
      ...{ node, group, reason, type: discoveryName(typeUrl), names, message },
      since: new Date(since).toISOString(),
    })),
    inconsistent: inconsistent.map(({ typeUrl, name, missing }) => ({
      type: discoveryName(typeUrl),
      name,
      missing: { type: discoveryName(missing.typeUrl), name: missing.name },
    })),
    rollout: rollout === undefined ? null : { everyone_at: new Date(rollout.due).toISOString() },
  };
}

export type ReleaseView = ReturnType<typeof releaseView>;
