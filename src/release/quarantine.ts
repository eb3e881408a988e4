import type { Group } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import type { Snapshot, SnapshotChanges } from '../snapshot/snapshot.js';
import { keyOf, type ResourceVersion } from './accepted.js';

/** A version that proxies of a group reject, and what they get in its place. */
export interface Quarantined extends ResourceVersion {
  readonly group: Group;
  /** The version that is served; undefined where the resource is left out. */
  readonly served: string | undefined;
  /** What the proxy said. */
  readonly message: string;
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /**
   * `suspected` while it is being found out which of several resources a proxy meant; `kept` where it is served on,
   * since proxies may have it and no version is known that they accept.
   */
  readonly state: 'rejected' | 'suspected' | 'kept';
}

/** A proxy's rejection of a response. */
export interface Rejected {
  readonly typeUrl: string;
  readonly message: string;
  /** The group of the proxy. */
  readonly group: Group;
  readonly node: string;
  /** The resources that the message names; where it names none, all that the response changed. */
  readonly suspects: readonly ResourceVersion[];
  readonly named: boolean;
  /** Those of the suspects whose address the proxy cannot have, by name. */
  readonly unbound: readonly string[];
}

/** The substitute for a version: another resource, nothing, or the version itself. */
export type Instead = Resource | 'nothing' | 'itself';

interface Entry extends ResourceVersion, Pick<Quarantined, 'group' | 'message' | 'node' | 'since'> {
  readonly state: 'rejected' | 'suspected';
  /** Whether it is served on until something becomes known of it. */
  readonly kept: boolean;
}

/** Groups of suspects of one type; the first one is on trial while it is `running`. */
interface Trials {
  readonly groups: readonly (readonly ResourceVersion[])[];
  readonly running: boolean;
}

/**
 * Keeps rejected versions from the proxies of a group. Where a proxy does not say which of several resources it rejects,
 * all are held back and then tried half by half: what is accepted is free, what is rejected is halved again.
 */
export class Quarantine {
  readonly #entries = new Map<string, Entry>();
  readonly #trials = new Map<string, Trials>();

  /**
   * @param insteadOf what can be served in place of a version
   * @param later runs a task once the proxies have had the time to take what is served instead: a version that they
   * still had would not be sent to them again, and not be answered
   */
  constructor(
    private readonly insteadOf: (version: ResourceVersion) => Instead,
    private readonly later: (task: () => void) => void,
    private readonly now: () => number,
  ) {}

  get entries(): readonly Quarantined[] {
    return [...this.#entries.values()].map(({ kept, state, ...entry }) => {
      const instead = this.#servedFor({ ...entry, state, kept });
      if (instead === 'itself') return { ...entry, state: 'kept', served: entry.version };
      return { ...entry, state, served: instead === 'nothing' ? undefined : instead.version };
    });
  }

  /** The versions that are held back because of this proxy. */
  heldFor(node: string): readonly (ResourceVersion & Pick<Entry, 'state'>)[] {
    return [...this.#entries.values()].filter((entry) => entry.node === node);
  }

  /** Whether a version of this resource is held back. */
  holds({ typeUrl, name }: ResourceVersion): boolean {
    return this.#entries.has(keyOf(typeUrl, name));
  }

  /** @returns whether another version is to be served of anything */
  rejected(rejected: Rejected): boolean {
    const { typeUrl, named, suspects } = rejected;
    if (suspects.length === 0) return false;
    const trials = this.#trials.get(typeUrl);
    const [trial = [], ...others] = trials?.groups ?? [];
    const tried = trials?.running === true && trial.some((member) => includes(suspects, member));
    const found = named || (suspects.length === 1 && !tried) ? suspects : trial.length === 1 ? trial : [];
    if (found.length === 0 && !tried) {
      if (trials !== undefined) return false;
      // What stays would be in the responses of every trial, and others would be blamed for it.
      const kept = suspects.some((suspect) => this.insteadOf(suspect) === 'itself');
      for (const suspect of suspects) this.#hold(suspect, rejected, 'suspected', kept);
      if (!kept) this.#pause(typeUrl, halves(suspects));
      return true;
    }
    for (const suspect of found) this.#hold(suspect, rejected, 'rejected');
    if (!tried) return true;
    const rest = trial.filter((member) => !includes(found, member));
    for (const member of rest) this.#hold(member, rejected, 'suspected');
    this.#pause(typeUrl, [...(found.length > 0 ? whole(rest) : halves(rest)), ...others]);
    return true;
  }

  /** @returns whether another version is to be served of anything */
  accepted(accepted: ResourceVersion): boolean {
    const key = keyOf(accepted.typeUrl, accepted.name);
    const entry = this.#entries.get(key);
    if (entry?.version !== accepted.version) return false;
    const [trial = []] = this.#trials.get(entry.typeUrl)?.groups ?? [];
    const goesOn = this.#onTrial(entry) && trial.length > 1;
    this.#entries.delete(key);
    // The others have been held back for a while: the next of them can be tried at once.
    this.#forget(entry);
    return !goesOn;
  }

  /** Holds these back no more. @returns whether any was */
  release(versions: readonly ResourceVersion[]): boolean {
    return versions.filter((version) => this.accepted(version)).length > 0;
  }

  /** What is to be served in place of what is wanted. Whatever the source has changed meanwhile is released. */
  substitutes(wanted: Snapshot): SnapshotChanges {
    const changes = new Map<string, Map<string, Resource | undefined>>();
    for (const [key, entry] of this.#entries) {
      const { typeUrl, name, version } = entry;
      if (wanted.set(typeUrl).get(name)?.version !== version) {
        this.#entries.delete(key);
        this.#forget(entry);
        continue;
      }
      const instead = this.#onTrial(entry) ? 'itself' : this.#servedFor(entry);
      if (instead === 'itself') continue;
      const ofType = changes.get(typeUrl) ?? new Map<string, Resource | undefined>();
      changes.set(typeUrl, ofType.set(name, instead === 'nothing' ? undefined : instead));
    }
    return changes;
  }

  #servedFor(entry: Entry): Instead {
    return entry.kept ? 'itself' : this.insteadOf(entry);
  }

  #hold(
    suspect: ResourceVersion,
    { message, node, group }: Rejected,
    state: Entry['state'],
    kept = false,
  ): void {
    const { typeUrl, name, version } = suspect;
    const key = keyOf(typeUrl, name);
    const since = this.#entries.get(key)?.since ?? this.now();
    this.#entries.set(key, { typeUrl, name, version, message, node, group, since, state, kept });
  }

  #onTrial(suspect: ResourceVersion): boolean {
    const trials = this.#trials.get(suspect.typeUrl);
    return trials?.running === true && trials.groups[0]?.some((member) => same(member, suspect)) === true;
  }

  /** Nothing is on trial until the proxies have taken what is served instead. */
  #pause(typeUrl: string, groups: Trials['groups']): void {
    this.#continue(typeUrl, groups, false);
    if (groups.length === 0) return;
    this.later(() => {
      const trials = this.#trials.get(typeUrl);
      if (trials !== undefined) this.#trials.set(typeUrl, { ...trials, running: true });
    });
  }

  #continue(typeUrl: string, groups: Trials['groups'], running: boolean): void {
    if (groups.length === 0) this.#trials.delete(typeUrl);
    else this.#trials.set(typeUrl, { groups, running });
  }

  #forget(gone: ResourceVersion): void {
    const trials = this.#trials.get(gone.typeUrl);
    if (trials === undefined) return;
    const rest = trials.groups.map((group) => group.filter((member) => !same(member, gone)));
    const groups = rest.filter((group) => group.length > 0);
    this.#continue(gone.typeUrl, groups, trials.running);
  }
}

/** Of one type: trials are of one each. */
function same(a: ResourceVersion, b: ResourceVersion): boolean {
  return a.name === b.name && a.version === b.version;
}

function includes(all: readonly ResourceVersion[], one: ResourceVersion): boolean {
  return all.some((member) => same(member, one));
}

function whole<T>(all: readonly T[]): readonly (readonly T[])[] {
  return all.length === 0 ? [] : [all];
}

/** Of two at least. */
function halves<T>(all: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
}
