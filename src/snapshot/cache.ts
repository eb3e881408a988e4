import { askOutside, tellOutside, warnOf } from '../base/outside-code.js';
import type { ProxyStatus } from './proxy-status.js';
import { Snapshot, type SnapshotChanges } from './snapshot.js';
import { WaitingChanges } from './waiting-changes.js';

/** The group of proxies that get the same snapshot. */
export type Group = string;

/** A group went from one snapshot to another. */
export interface CacheChange {
  readonly group: Group;
  /** What the group has now. */
  readonly snapshot: Snapshot;
  /** What it had before; empty before its first one. */
  readonly previous: Snapshot;
}

/** A change that is remembered. */
export interface HistoryEntry extends CacheChange {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Called at each change, in the order of changes, before the proxies are sent anything. What it throws reaches neither
 * who changes the cache nor another listener.
 */
export type CacheListener = (group: Group, snapshot: Snapshot, previous: Snapshot) => void;

/** Holds the current snapshot of each group, tells listeners of each change, and keeps the last ones. */
export class SnapshotCache {
  readonly #snapshots = new Map<Group, Snapshot>();
  readonly #listeners = new Set<CacheListener>();
  readonly #history: HistoryEntry[] = [];
  readonly #reporters = new Set<() => readonly ProxyStatus[]>();
  /** Changes that listeners have not been told of yet: a listener may make another one. */
  readonly #untold: CacheChange[] = [];
  #telling = false;

  /**
   * A cache without snapshots: proxies wait until their group has one.
   * @param historyLength how many changes are remembered, over all groups
   * @param now milliseconds since the epoch
   * @param onError told of what a listener throws; Node.js prints it as a warning without
   */
  constructor(
    private readonly historyLength = 50,
    private readonly now: () => number = Date.now,
    private readonly onError: (thrown: unknown) => void = warnOf,
  ) {}

  /** The snapshot of a group, or undefined before its first one. */
  getSnapshot(group: Group): Snapshot | undefined {
    return this.#snapshots.get(group);
  }

  /** Replaces the snapshot of a group. Resources that are equal to those before count as unchanged. */
  setSnapshot(group: Group, snapshot: Snapshot): void {
    this.#publish(group, this.#snapshots.get(group)?.replacedBy(snapshot) ?? snapshot);
  }

  /** Changes single resources of a group's snapshot, at the cost of the change. */
  updateResources(group: Group, changes: SnapshotChanges): void {
    this.#publish(group, (this.#snapshots.get(group) ?? Snapshot.EMPTY).with(changes));
  }

  /** Goes on to a snapshot that was made from the current one, at the cost of what differs. */
  advance(group: Group, snapshot: Snapshot): void {
    if (snapshot.version !== this.#snapshots.get(group)?.version) this.#publish(group, snapshot);
  }

  /** Forgets a group. Its proxies keep what they have. */
  clearSnapshot(group: Group): void {
    this.#snapshots.delete(group);
  }

  /** The groups that have a snapshot. */
  groups(): readonly Group[] {
    return [...this.#snapshots.keys()];
  }

  /** The last changes, oldest first. */
  history(): readonly HistoryEntry[] {
    return this.#history;
  }

  /** Calls `listener` at each change until `signal` is aborted. */
  watch(listener: CacheListener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /**
   * The changes from now on, for `for await`. One who reads slowly is given, for each group, one change from what it saw last to
   * the latest, so that nothing heaps up.
   * @param signal ends it; so does leaving the loop
   */
  changes(signal?: AbortSignal): AsyncGenerator<CacheChange, void, void> {
    const life = new AbortController();
    const ended = signal === undefined ? life.signal : AbortSignal.any([life.signal, signal]);
    const waiting = new WaitingChanges(ended);
    this.watch((...change) => waiting.add(...change), ended);
    return waiting.read(() => life.abort());
  }

  /** How the proxies stand that servers of this cache serve now: what they were sent, have accepted, have rejected. */
  status(): readonly ProxyStatus[] {
    return [...this.#reporters].flatMap((report) =>
      askOutside(report, (thrown) => {
        tellOutside(() => this.onError(thrown), warnOf);
        return [];
      }),
    );
  }

  /** Lets a server tell of its proxies, until `signal` is aborted. Asked only when {@link status} is. */
  reportStatus(report: () => readonly ProxyStatus[], signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#reporters.add(report);
    signal.addEventListener('abort', () => this.#reporters.delete(report), { once: true });
  }

  #publish(group: Group, snapshot: Snapshot): void {
    const before = this.#snapshots.get(group);
    if (snapshot === before) return;
    const previous = before ?? Snapshot.EMPTY;
    this.#snapshots.set(group, snapshot);
    this.#remember({ group, at: askOutside(this.now, Date.now), snapshot, previous });
    this.#untold.push({ group, snapshot, previous });
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) this.#tell(next);
    this.#telling = false;
  }

  #tell({ group, snapshot, previous }: CacheChange): void {
    for (const listener of this.#listeners)
      tellOutside(() => listener(group, snapshot, previous), this.onError);
  }

  #remember(entry: HistoryEntry): void {
    this.#history.push(entry);
    if (this.#history.length > this.historyLength) this.#history.shift();
  }
}
