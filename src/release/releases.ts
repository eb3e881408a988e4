import { DEFAULT_GROUP } from '../groups/default-group.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import type { AnswerSink, ProxyAnswer } from './proxy-answers.js';
import { Release, type ReleaseOptions, type ReleaseStatus } from './release.js';
import { firstOf } from './rollout.js';

interface Member {
  readonly release: Release;
  readonly life: AbortController;
}

/** What is served to each group of proxies. What a proxy says counts for its own group. */
export class Releases implements AnswerSink {
  readonly #members = new Map<Group, Member>();
  readonly #restored = new Map<Group, readonly Resource[]>();

  /** @param onAccepted called when proxies have accepted something that was not known to be accepted */
  constructor(
    private readonly cache: SnapshotCache,
    private readonly options: ReleaseOptions,
    private readonly signal: AbortSignal,
    private readonly onAccepted: () => void = () => {},
  ) {}

  /** The release of a group, which goes on from one configuration to the next. */
  of(group: Group): Release {
    const known = this.#members.get(group);
    if (known !== undefined) return known.release;
    const life = new AbortController();
    this.signal.addEventListener('abort', () => life.abort(), { once: true, signal: life.signal });
    const release = new Release(this.cache, group, this.options, life.signal);
    this.#members.set(group, { release, life });
    release.restore(this.#restored.get(group) ?? []);
    this.#restored.delete(group);
    return release;
  }

  /** Forgets all groups but these and the default one. */
  keepOnly(groups: readonly Group[]): void {
    for (const [group, { life }] of this.#members) {
      if (group === DEFAULT_GROUP || groups.includes(group)) continue;
      life.abort();
      this.#members.delete(group);
      this.cache.clearSnapshot(group);
      this.cache.clearSnapshot(firstOf(group));
    }
  }

  /** What is known of a life before. Counts for groups that are not there yet. */
  restore(accepted: ReadonlyMap<Group, readonly Resource[]>): void {
    for (const [group, resources] of accepted) this.#restored.set(group, resources);
  }

  /** A number that differs when {@link accepted} does. */
  get revision(): string {
    return [...this.#members.values()].map(({ release }) => release.revision).join(' ');
  }

  /** The last version of each resource that the proxies of each group have accepted. */
  *accepted(): Generator<readonly [Group, Resource]> {
    for (const [group, { release }] of this.#members)
      for (const resource of release.accepted()) yield [group, resource];
  }

  told(answer: ProxyAnswer): void {
    const group = answer.kind === 'rejected' ? answer.rejected.group : answer.group;
    const before = this.revision;
    this.#members.get(group)?.release.told(answer);
    if (this.revision !== before) this.onAccepted();
  }

  /** Pins an earlier version of whichever group had it. @returns whether one had it */
  pin(version: string): boolean {
    return this.#each((release) => release.pin(version));
  }

  /** Goes back to the newest versions. @returns whether any was pinned */
  unpin(): boolean {
    return this.#each((release) => release.unpin());
  }

  /** What is told of all groups together. */
  get status(): ReleaseStatus {
    const all = [...this.#members.values()].map(({ release }) => release.status);
    const due = Math.max(...all.map(({ rollout }) => rollout?.due ?? Number.NEGATIVE_INFINITY));
    return {
      pinned: all.find(({ pinned }) => pinned !== undefined)?.pinned,
      quarantined: all.flatMap(({ quarantined }) => quarantined),
      heldBack: all.flatMap(({ heldBack }) => heldBack),
      inconsistent: distinct(all.flatMap(({ inconsistent }) => inconsistent)),
      rollout: Number.isFinite(due) ? { due } : undefined,
    };
  }

  #each(act: (release: Release) => boolean): boolean {
    return [...this.#members.values()].map(({ release }) => act(release)).includes(true);
  }
}

/** Each once: groups that share a resource say the same of it. */
function distinct<T extends object>(entries: readonly T[]): readonly T[] {
  const keyOf = ({ since: _, ...entry }: T & { readonly since?: unknown }) => JSON.stringify(entry);
  return [...new Map(entries.map((entry) => [keyOf(entry), entry])).values()];
}
