import type { Logger } from 'pino';
import type { PublicationTarget } from '../publish/target.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';
import { type Inconsistency, inconsistencies } from './consistency.js';
import type { HeldBackProxy, OwnTroubleOptions } from './own-troubles.js';
import type { AnswerSink, ProxyAnswer } from './proxy-answers.js';
import { ProxyOpinions } from './proxy-opinions.js';
import type { Quarantined } from './quarantine.js';
import { firstOf, Rollout, type RolloutOptions } from './rollout.js';

export interface ReleaseOptions {
  /** Whether what a proxy rejects is taken back from the proxies of its group, and when it is that proxy's own trouble. */
  readonly quarantine: OwnTroubleOptions | boolean;
  /** Without it every change reaches all proxies at once. */
  readonly rollout?: RolloutOptions;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What stands between what is wanted and what is served. */
export interface ReleaseStatus {
  /** The version that an operator went back to. */
  readonly pinned: string | undefined;
  readonly quarantined: readonly Quarantined[];
  /** Proxies that reject what the others go on with. */
  readonly heldBack: readonly HeldBackProxy[];
  /** Why the newest snapshot is not served. */
  readonly inconsistent: readonly Inconsistency[];
  /** When the last change that waits reaches everyone, milliseconds since the epoch. */
  readonly rollout: { readonly due: number } | undefined;
}

/**
 * Decides what of the wanted snapshot is served to a group of proxies: nothing inconsistent, nothing that they
 * reject, nothing new while a version is pinned; and, where it is staged, to a first share of them before the others.
 */
export class Release implements PublicationTarget, AnswerSink {
  readonly #proxies: ProxyOpinions;
  readonly #rollout: Rollout | undefined;
  #wanted = Snapshot.EMPTY;
  /** The last wanted snapshot that was consistent. */
  #consistent = Snapshot.EMPTY;
  #published = Snapshot.EMPTY;
  #inconsistent: readonly Inconsistency[] = [];
  #pinned: Snapshot | undefined;
  readonly #pauses = new Set<NodeJS.Timeout>();

  /** @param group its proxies get everything last; those of its first group, see `firstOf`, get it before */
  constructor(
    private readonly cache: SnapshotCache,
    private readonly group: Group,
    private readonly options: ReleaseOptions,
    private readonly signal: AbortSignal,
  ) {
    const { now = Date.now, rollout, quarantine, logger } = options;
    this.#proxies = new ProxyOpinions(quarantine, {
      wanted: () => this.#wanted,
      held: () => this.#rollout?.abort(),
      later: (wait, task) => this.#later(wait, task),
      ...{ logger, now },
    });
    signal.addEventListener('abort', () => this.#pauses.forEach(clearTimeout), { once: true });
    this.#rollout = rollout && new Rollout(rollout, () => this.#serve(), signal, now);
  }

  /** What was published last, whether it is served or not. */
  get wanted(): Snapshot {
    return this.#wanted;
  }

  /** Replaces all that is wanted. Resources that are equal to those before count as unchanged. */
  setSnapshot(snapshot: Snapshot): void {
    this.#wanted = this.#wanted.replacedBy(snapshot);
    this.#advance();
  }

  /** Changes single resources of what is wanted. */
  updateResources(changes: SnapshotChanges): void {
    this.#wanted = this.#wanted.with(changes);
    this.#advance();
  }

  /** A proxy of the group has said something. */
  told(answer: ProxyAnswer): void {
    if (this.#proxies.told(answer)) this.#advance();
  }

  /** The proxies of the group have accepted these in a life before. */
  restore(accepted: Iterable<Resource>): void {
    this.#proxies.restore(accepted);
  }

  /** Grows as {@link accepted} changes. */
  get revision(): number {
    return this.#proxies.revision;
  }

  /** The last versions that the proxies have accepted, of what they are to have. */
  *accepted(): Generator<Resource> {
    for (const resource of this.#proxies.accepted())
      if (this.#published.set(resource.typeUrl).get(resource.name) !== undefined) yield resource;
  }

  /**
   * Serves an earlier version, whatever is wanted, until {@link unpin}.
   * @returns whether that version is remembered
   */
  pin(version: string): boolean {
    const snapshot = this.#find(version);
    if (snapshot === undefined) return false;
    this.#pinned = snapshot;
    this.options.logger.warn({ version: snapshot.version }, 'an earlier version is pinned');
    this.#advance();
    return true;
  }

  /** @returns whether a version was pinned */
  unpin(): boolean {
    if (this.#pinned === undefined) return false;
    this.#pinned = undefined;
    this.options.logger.warn('no version is pinned any more');
    this.#advance();
    return true;
  }

  get status(): ReleaseStatus {
    const due = this.#rollout?.due;
    return {
      pinned: this.#pinned?.version,
      quarantined: this.#proxies.quarantined,
      heldBack: this.#proxies.heldBack,
      inconsistent: this.#inconsistent,
      rollout: due === undefined ? undefined : { due },
    };
  }

  #advance(): void {
    this.#check();
    const safe = this.#pinned ?? this.#consistent.with(this.#proxies.substitutes(this.#consistent));
    this.#proxies.published(safe, changesBetween(this.#published, safe));
    this.#published = safe;
    if (this.#pinned === undefined) this.#rollout?.offer(safe);
    else this.#rollout?.restart(safe);
    this.#serve();
  }

  #serve(): void {
    if (this.#rollout !== undefined) this.cache.advance(firstOf(this.group), this.#published);
    this.cache.advance(this.group, this.#rollout?.rest ?? this.#published);
  }

  #check(): void {
    if (this.#wanted === this.#consistent) return;
    this.#inconsistent = inconsistencies(this.#wanted, this.#consistent);
    if (this.#inconsistent.length === 0) {
      this.#consistent = this.#wanted;
      return;
    }
    const problems = this.#inconsistent.slice(0, 10).map(({ name, missing }) => `${name} → ${missing.name}`);
    this.options.logger.error(
      { problems },
      'the newest snapshot is inconsistent: the one before is served on',
    );
  }

  #find(version: string): Snapshot | undefined {
    const own = [this.group, firstOf(this.group)];
    const remembered = this.cache
      .history()
      .filter(({ group }) => own.includes(group))
      .flatMap(({ previous, snapshot }) => [previous, snapshot]);
    return remembered.findLast((snapshot) => snapshot.version === version && snapshot !== Snapshot.EMPTY);
  }

  #later(wait: number, task: () => void): void {
    if (this.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#pauses.delete(timer);
      task();
      this.#advance();
    }, wait);
    this.#pauses.add(timer);
  }
}

function changesBetween(before: Snapshot, after: Snapshot): SnapshotChanges {
  const changes = new Map<string, ResourceChanges>();
  for (const typeUrl of new Set([...before.sets.keys(), ...after.sets.keys()])) {
    const set = after.set(typeUrl);
    const names = set.differencesFrom(before.set(typeUrl));
    if (names.length > 0) changes.set(typeUrl, new Map(names.map((name) => [name, set.get(name)])));
  }
  return changes;
}
