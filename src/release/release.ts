import type { Logger } from 'pino';
import type { PublicationTarget } from '../publish/target.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';
import { discoveryName } from '../xds/type-names.js';
import { AcceptedVersions, type ResourceVersion } from './accepted.js';
import { type Inconsistency, inconsistencies } from './consistency.js';
import type { AnswerSink } from './proxy-answers.js';
import { Quarantine, type Quarantined, type Rejected } from './quarantine.js';
import { firstOf, Rollout, type RolloutOptions } from './rollout.js';

export interface ReleaseOptions {
  /** Whether what a proxy rejects is taken back from all proxies. */
  readonly quarantine: boolean;
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
  /** Why the newest snapshot is not served. */
  readonly inconsistent: readonly Inconsistency[];
  /** When the last change that waits reaches everyone, milliseconds since the epoch. */
  readonly rollout: { readonly due: number } | undefined;
}

/** The time in which proxies take what is served in place of what they rejected, milliseconds. */
const TRIAL_PAUSE = 500;

/**
 * Decides what of the wanted snapshot is served to a group of proxies: nothing inconsistent, nothing that they
 * reject, nothing new while a version is pinned; and, where it is staged, to a first share of them before the others.
 */
export class Release implements PublicationTarget, AnswerSink {
  readonly #accepted = new AcceptedVersions();
  readonly #quarantine: Quarantine;
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
    const { now = Date.now, rollout } = options;
    this.#quarantine = new Quarantine(
      (typeUrl, name) => this.#accepted.last(typeUrl, name),
      (task) => this.#later(task),
      now,
    );
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

  /** A proxy has accepted these. */
  accepted(versions: readonly ResourceVersion[]): void {
    let tried = false;
    for (const version of versions) {
      this.#accepted.accepted(version);
      tried = this.#quarantine.accepted(version) || tried;
    }
    if (tried) this.#advance();
  }

  /** A proxy has rejected something. */
  rejected(rejected: Rejected): void {
    if (!this.options.quarantine) return;
    const current = rejected.suspects.filter(
      ({ typeUrl, name, version }) =>
        this.#wanted.set(typeUrl).get(name)?.version === version &&
        // What another proxy accepts is the last accepted version: the refusal is that proxy's own matter.
        this.#accepted.last(typeUrl, name)?.version !== version,
    );
    if (!this.#quarantine.rejected({ ...rejected, suspects: current })) return;
    const { typeUrl, node, message: reason, named } = rejected;
    this.options.logger.error(
      { type: discoveryName(typeUrl), node, names: current.slice(0, 20).map(({ name }) => name), reason },
      named
        ? 'a proxy rejects these resources: all proxies go back to the last accepted versions'
        : 'a proxy rejects one of these resources: they are held back and tried one after the other',
    );
    this.#rollout?.abort();
    this.#advance();
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
      quarantined: this.#quarantine.entries,
      inconsistent: this.#inconsistent,
      rollout: due === undefined ? undefined : { due },
    };
  }

  #advance(): void {
    this.#check();
    const safe = this.#pinned ?? this.#consistent.with(this.#quarantine.substitutes(this.#consistent));
    this.#accepted.published(changesBetween(this.#published, safe));
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

  #later(task: () => void): void {
    if (this.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#pauses.delete(timer);
      task();
      this.#advance();
    }, TRIAL_PAUSE);
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
