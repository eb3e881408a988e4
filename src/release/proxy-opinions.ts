import type { Logger } from 'pino';
import type { Resource } from '../snapshot/resource.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';
import { discoveryName } from '../xds/type-names.js';
import { AcceptedVersions, type ResourceVersion } from './accepted.js';
import {
  type HeldBackProxy,
  type OwnTroubleOptions,
  type OwnTroubleReason,
  OwnTroubles,
} from './own-troubles.js';
import type { ProxyAnswer } from './proxy-answers.js';
import { type Instead, Quarantine, type Quarantined, type Rejected } from './quarantine.js';

export interface ProxyOpinionsDependencies {
  /** The snapshot that proxies should have. */
  readonly wanted: () => Snapshot;
  /** Called when something that a proxy rejects is held back. */
  readonly held: () => void;
  /** Runs a task after `wait` milliseconds and then checks whether the served snapshot changes. */
  readonly later: (wait: number, task: () => void) => void;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How long proxies may take to apply a substitute, milliseconds. */
const TRIAL_PAUSE = 500;
/**
 * So long after its first publication a group may have proxies that are still coming back with what it has; milliseconds.
 */
const RETURN_TIME = 60_000;
const DEFAULTS: OwnTroubleOptions = { share: 0.2, large: 10 };

/**
 * What the proxies of a group accept and reject, and what they are served because of that. A rejection holds a version
 * back, unless it is the trouble of that proxy alone.
 */
export class ProxyOpinions {
  readonly #accepted = new AcceptedVersions();
  readonly #quarantine: Quarantine;
  readonly #troubles: OwnTroubles;
  #published = Snapshot.EMPTY;
  /** The first published snapshot, kept while proxies may return with resources of another process. */
  #first: Snapshot | undefined;

  constructor(
    private readonly options: OwnTroubleOptions | boolean,
    private readonly deps: ProxyOpinionsDependencies,
  ) {
    const { later, now } = deps;
    this.#troubles = new OwnTroubles(typeof options === 'boolean' ? DEFAULTS : options, now);
    this.#quarantine = new Quarantine(
      (version) => this.#insteadOf(version),
      (task) => later(TRIAL_PAUSE, task),
      now,
    );
  }

  get quarantined(): readonly Quarantined[] {
    return this.#quarantine.entries;
  }

  get heldBack(): readonly HeldBackProxy[] {
    return this.#troubles.heldBack;
  }

  /** Grows as {@link accepted} changes. */
  get revision(): number {
    return this.#accepted.revision;
  }

  /** The last versions that the proxies have accepted. */
  accepted(): Iterable<Resource> {
    return this.#accepted.all();
  }

  /** The proxies have accepted these in a life before. */
  restore(accepted: Iterable<Resource>): void {
    this.#accepted.restore(accepted);
  }

  /** @returns whether something else is to be served */
  told(answer: ProxyAnswer): boolean {
    switch (answer.kind) {
      case 'accepted':
        return this.#takeAccepted(answer.versions);
      case 'reported':
        return this.#takeReported(answer.versions);
      case 'rejected':
        return this.#takeRejected(answer.rejected);
      case 'settled':
        this.#troubles.settled(answer.node, answer.typeUrl);
        return false;
    }
  }

  /** The substitutes for wanted resources. */
  substitutes(wanted: Snapshot): SnapshotChanges {
    return this.#quarantine.substitutes(wanted);
  }

  /** Records a published snapshot. @param changes the differences from the previous one */
  published(snapshot: Snapshot, changes: SnapshotChanges): void {
    this.#accepted.published(changes);
    if (this.#published === Snapshot.EMPTY) this.#expectReturns(snapshot);
    this.#published = snapshot;
  }

  /** Proxies of a life before, or of another process, come back one after the other. */
  #expectReturns(first: Snapshot): void {
    this.#first = first;
    this.deps.later(RETURN_TIME, () => {
      this.#first = undefined;
      const { sets } = this.#published;
      this.#accepted.keepOnly((typeUrl, name) => sets.get(typeUrl)?.get(name) !== undefined);
    });
  }

  #takeAccepted(versions: readonly ResourceVersion[]): boolean {
    let changed = false;
    for (const version of versions) {
      this.#accepted.accepted(version);
      changed = this.#quarantine.accepted(version) || changed;
    }
    return changed;
  }

  #takeReported(versions: readonly ResourceVersion[]): boolean {
    let changed = false;
    for (const version of versions.flatMap((each) => this.#wantedOf(each))) {
      if (!this.#accepted.reported(version)) continue;
      changed = this.#quarantine.accepted(version) || this.#quarantine.holds(version) || changed;
    }
    return changed;
  }

  /** The wanted resources of a report. `*` stands for all. */
  #wantedOf(reported: ResourceVersion): readonly ResourceVersion[] {
    const set = this.deps.wanted().set(reported.typeUrl);
    if (reported.name !== '*') return set.get(reported.name) === undefined ? [] : [reported];
    return [...set.names()].map((name) => ({ ...reported, name }));
  }

  #takeRejected(rejected: Rejected): boolean {
    if (this.options === false) return false;
    const suspects = rejected.suspects.filter((suspect) => this.#isWanted(suspect));
    const disputed = this.#disputed(rejected, suspects);
    const tooMuch = this.#rejectsTooMuch(rejected.node);
    const counted = tooMuch
      ? disputed.filter((suspect) => this.#troubles.isShared(rejected.node, suspect))
      : disputed;
    const held = this.#quarantine.rejected({ ...rejected, suspects: counted });
    if (held) {
      this.#logQuarantine(rejected, counted);
      this.deps.held();
    }
    // Also where trials have found so much, one after the other.
    const released = this.#rejectsTooMuch(rejected.node) && this.#release(rejected, suspects);
    return held || released;
  }

  /** Those of the suspects that are not the trouble of this proxy by themselves. */
  #disputed(rejected: Rejected, suspects: readonly ResourceVersion[]): readonly ResourceVersion[] {
    const { node, named } = rejected;
    const unbound = new Set(rejected.unbound);
    const cannotBind = suspects.filter(({ name }) => unbound.has(name));
    const others = suspects.filter(({ name }) => !unbound.has(name));
    const disputed = others.filter((suspect) => !this.#accepted.isAccepted(suspect));
    this.#holdBack(rejected, 'cannot_bind', cannotBind);
    if (named) this.#troubles.rejects(node, others);
    if (named || disputed.length === 0) {
      const accepted = others.filter((suspect) => this.#accepted.isAccepted(suspect));
      this.#holdBack(rejected, 'accepted_by_others', accepted);
    }
    return disputed;
  }

  #rejectsTooMuch(node: string): boolean {
    let all = 0;
    for (const set of this.deps.wanted().sets.values()) all += set.size;
    const found = this.#quarantine.heldFor(node).filter(({ state }) => state === 'rejected');
    return this.#troubles.tooMuch(node, (version) => this.#isWanted(version), found.length, all);
  }

  /** Releases versions that were held back for a proxy that rejects too much, unless another proxy rejects them too. */
  #release(rejected: Rejected, suspects: readonly ResourceVersion[]): boolean {
    const { node } = rejected;
    const own = this.#quarantine.heldFor(node).filter((each) => !this.#troubles.isShared(node, each));
    // It stays known of the proxy that it rejects these.
    this.#troubles.rejects(
      node,
      own.filter(({ state }) => state === 'rejected'),
    );
    this.#holdBack(rejected, 'rejects_too_much', suspects);
    return this.#quarantine.release(own);
  }

  #holdBack(rejected: Rejected, reason: OwnTroubleReason, versions: readonly ResourceVersion[]): void {
    if (versions.length === 0 || !this.#troubles.holdBack(rejected, reason, versions)) return;
    const { typeUrl, node, group, message } = rejected;
    const names = versions.slice(0, 20).map(({ name }) => name);
    this.deps.logger.error(
      { type: discoveryName(typeUrl), node, group, names, reason: message, trouble: reason },
      'a proxy rejects these resources, which is its own trouble: it is held back alone',
    );
  }

  #logQuarantine(
    { typeUrl, node, group, message, named }: Rejected,
    counted: readonly ResourceVersion[],
  ): void {
    const names = counted.slice(0, 20).map(({ name }) => name);
    this.deps.logger.error(
      { type: discoveryName(typeUrl), node, group, names, reason: message },
      named
        ? 'a proxy rejects these resources: the proxies of its group go back to the last accepted versions'
        : 'a proxy rejects one of these resources: they are held back and tried one after the other',
    );
  }

  /** A resource that a proxy has is never removed: without another accepted version it stays. */
  #insteadOf(version: ResourceVersion): Instead {
    const { typeUrl, name } = version;
    const other = this.#accepted.other(version);
    if (other !== undefined) return other;
    const isHad = this.#accepted.had(version) || this.#first?.set(typeUrl).get(name) !== undefined;
    return isHad ? 'itself' : 'nothing';
  }

  #isWanted({ typeUrl, name, version }: ResourceVersion): boolean {
    return this.deps.wanted().set(typeUrl).get(name)?.version === version;
  }
}
