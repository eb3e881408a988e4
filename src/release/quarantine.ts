import type { Resource } from '../snapshot/resource.js';
import type { Snapshot, SnapshotChanges } from '../snapshot/snapshot.js';
import { keyOf, type ResourceVersion } from './accepted.js';

/** A version that proxies reject, and what they get in its place. */
export interface Quarantined extends ResourceVersion {
  /** The version that is served instead; undefined where the resource is left out. */
  readonly served: string | undefined;
  /** What the proxy said. */
  readonly message: string;
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** `suspected` while it is being found out which of several resources a proxy meant. */
  readonly state: 'rejected' | 'suspected';
}

/** A proxy's rejection of a response. */
export interface Rejected {
  readonly typeUrl: string;
  readonly message: string;
  readonly node: string;
  /** The resources that the message names; where it names none, all that the response changed. */
  readonly suspects: readonly ResourceVersion[];
  readonly named: boolean;
}

interface Entry {
  readonly quarantined: Quarantined;
  readonly instead: Resource | undefined;
}

/** Groups of suspects of one type; the first one is on trial while it is `running`. */
interface Trials {
  readonly groups: readonly (readonly ResourceVersion[])[];
  readonly running: boolean;
}

/**
 * Keeps rejected versions from all proxies. Where a proxy does not say which of several resources it rejects, all are
 * held back and then tried half by half: what is accepted is free, what is rejected is halved again.
 */
export class Quarantine {
  readonly #entries = new Map<string, Entry>();
  readonly #trials = new Map<string, Trials>();

  /**
   * @param lastAccepted what proxies are known to accept
   * @param later runs a task once the proxies have had the time to take what is served instead: a version that they
   * still had would not be sent to them again, and not be answered
   */
  constructor(
    private readonly lastAccepted: (typeUrl: string, name: string) => Resource | undefined,
    private readonly later: (task: () => void) => void,
    private readonly now: () => number,
  ) {}

  get entries(): readonly Quarantined[] {
    return [...this.#entries.values()].map(({ quarantined }) => quarantined);
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
      for (const suspect of suspects) this.#hold(suspect, rejected, 'suspected');
      this.#pause(typeUrl, halves(suspects));
      return true;
    }
    for (const suspect of found) this.#hold(suspect, rejected, 'rejected');
    if (!tried) return true;
    const rest = trial.filter((member) => !includes(found, member));
    for (const member of rest) this.#hold(member, rejected, 'suspected');
    this.#pause(typeUrl, [...(found.length > 0 ? whole(rest) : halves(rest)), ...others]);
    return true;
  }

  /** @returns whether something else is on trial now */
  accepted(accepted: ResourceVersion): boolean {
    const trials = this.#trials.get(accepted.typeUrl);
    const [trial = [], ...others] = trials?.groups ?? [];
    if (trials?.running !== true || !trial.some((member) => same(member, accepted))) return false;
    const rest = trial.filter((member) => !same(member, accepted));
    this.#entries.delete(keyOf(accepted.typeUrl, accepted.name));
    // The others have been held back for a while: the next of them can be tried at once.
    this.#continue(accepted.typeUrl, rest.length > 0 ? [rest, ...others] : others, true);
    return rest.length === 0;
  }

  /** What is to be served in place of what is wanted. Whatever the source has changed meanwhile is released. */
  substitutes(wanted: Snapshot): SnapshotChanges {
    const changes = new Map<string, Map<string, Resource | undefined>>();
    for (const [key, { quarantined, instead }] of this.#entries) {
      const { typeUrl, name, version } = quarantined;
      if (wanted.set(typeUrl).get(name)?.version !== version) {
        this.#entries.delete(key);
        this.#forget(quarantined);
      } else if (!this.#onTrial(quarantined)) {
        const ofType = changes.get(typeUrl) ?? new Map<string, Resource | undefined>();
        changes.set(typeUrl, ofType.set(name, instead));
      }
    }
    return changes;
  }

  #hold(suspect: ResourceVersion, { message, node }: Rejected, state: Quarantined['state']): void {
    const { typeUrl, name, version } = suspect;
    const key = keyOf(typeUrl, name);
    const last = this.lastAccepted(typeUrl, name);
    const before = this.#entries.get(key);
    const instead = last?.version === version ? before?.instead : last;
    const since = before?.quarantined.since ?? this.now();
    const quarantined = { typeUrl, name, version, message, node, since, state, served: instead?.version };
    this.#entries.set(key, { quarantined, instead });
  }

  #onTrial(suspect: Quarantined): boolean {
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

function same(a: ResourceVersion, b: ResourceVersion): boolean {
  return a.name === b.name && a.version === b.version && a.typeUrl === b.typeUrl;
}

function includes(all: readonly ResourceVersion[], one: ResourceVersion): boolean {
  return all.some((member) => same(member, one));
}

function whole<T>(all: readonly T[]): readonly (readonly T[])[] {
  return all.length === 0 ? [] : [all];
}

function halves<T>(all: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)].filter((half) => half.length > 0);
}
