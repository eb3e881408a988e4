import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { packStep } from './snapshot-step.js';

export type Pack = typeof packStep;

/** Packs a step once where several workers take the same one. */
export function sharedPack(): Pack {
  const last = new Map<
    Group,
    { readonly from: Snapshot; readonly to: Snapshot; readonly bytes: Uint8Array }
  >();
  return (group, from, to) => {
    // The whole is wanted seldom, and is too large to be kept.
    if (from === undefined) return packStep(group, from, to);
    const known = last.get(group);
    if (known?.from === from && known.to === to) return known.bytes;
    const bytes = packStep(group, from, to);
    last.set(group, { from, to, bytes });
    return bytes;
  };
}

/**
 * Keeps a worker at the latest snapshots. One step is under way at a time, and the next one leads from what the worker
 * has taken to the latest there is: what waits for a slow worker is nothing but two snapshots.
 */
export class SnapshotFeed {
  readonly #taken = new Map<Group, Snapshot>();
  #underWay: { readonly group: Group; readonly snapshot: Snapshot } | undefined;
  #publication: number | undefined;
  #waiting: (() => void)[] = [];

  /**
   * @param send takes a step
   * @param tell takes the number of a publication of which all has been sent
   */
  constructor(
    private readonly cache: SnapshotCache,
    private readonly pack: Pack,
    private readonly send: (step: Uint8Array) => void,
    private readonly tell: (publication: number) => void,
  ) {}

  /** All of this publication is in the cache: told when the worker has it too, or a later one in its place. */
  published(publication: number): void {
    this.#publication = publication;
    this.push();
  }

  /** Resolves when the worker has been sent and has taken all that is in the cache now. */
  async caughtUp(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.push();
    });
  }

  /** Sends the next step, if one is due and none is under way. */
  push(): void {
    if (this.#underWay !== undefined) return;
    for (const group of this.cache.groups()) {
      const snapshot = this.cache.getSnapshot(group);
      const taken = this.#taken.get(group);
      if (snapshot === undefined || snapshot === taken) continue;
      this.#underWay = { group, snapshot };
      this.send(this.pack(group, taken, snapshot));
      return;
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (this.#publication === undefined) return;
    this.tell(this.#publication);
    this.#publication = undefined;
  }

  /** The worker has taken the step that was under way. */
  taken(): void {
    if (this.#underWay === undefined) return;
    this.#taken.set(this.#underWay.group, this.#underWay.snapshot);
    this.#underWay = undefined;
    this.push();
  }
}
