import type { HistoryEntry } from '../snapshot/cache.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { discoveryName } from '../xds/type-names.js';

/** How many names of a change stand in the list of versions. */
const MOST_NAMES = 20;

interface Names {
  readonly count: number;
  readonly names: readonly string[];
}

/** What changed of one type. */
export interface TypeChange {
  readonly added: Names;
  readonly changed: Names;
  readonly removed: Names;
}

export interface SnapshotDiff {
  readonly group: string;
  /** How many changes lie between the two. */
  readonly back: number;
  readonly from: { readonly version: string };
  readonly to: { readonly version: string; readonly at: string };
  /** By type, as CDS and its like. */
  readonly changes: Readonly<Record<string, TypeChange>>;
}

/** The list of `/snapshots`: the last versions, newest first, with the first names of what changed. */
export function snapshotList(history: readonly HistoryEntry[]) {
  return history.toReversed().map(({ group, at, snapshot, previous }) => ({
    group,
    version: snapshot.version,
    previous: previous.version,
    at: new Date(at).toISOString(),
    changes: changesBetween(previous, snapshot, MOST_NAMES),
  }));
}

/**
 * What the last changes of a group made different, with every name.
 * @param back how many changes; of more than are remembered, those that are
 * @returns undefined before the first snapshot
 */
export function snapshotDiff(history: readonly HistoryEntry[], back: number): SnapshotDiff | undefined {
  const last = history.at(-1);
  const entries = history.filter(({ group }) => group === last?.group).slice(-back);
  const [first] = entries;
  if (first === undefined || last === undefined) return undefined;
  return {
    group: last.group,
    back: entries.length,
    from: { version: first.previous.version },
    to: { version: last.snapshot.version, at: new Date(last.at).toISOString() },
    changes: changesBetween(first.previous, last.snapshot, Number.POSITIVE_INFINITY),
  };
}

function changesBetween(from: Snapshot, to: Snapshot, most: number): Record<string, TypeChange> {
  const changes: Record<string, TypeChange> = {};
  for (const typeUrl of new Set([...from.sets.keys(), ...to.sets.keys()])) {
    const change = changeOf(from.set(typeUrl), to.set(typeUrl), most);
    if (change !== undefined) changes[discoveryName(typeUrl)] = change;
  }
  return changes;
}

function changeOf(from: ResourceSet, to: ResourceSet, most: number): TypeChange | undefined {
  const different = [...to.differencesFrom(from)].sort();
  if (different.length === 0) return undefined;
  const names = (wanted: (name: string) => boolean): Names => {
    const found = different.filter(wanted);
    return { count: found.length, names: found.slice(0, most) };
  };
  return {
    added: names((name) => from.get(name) === undefined),
    changed: names((name) => from.get(name) !== undefined && to.get(name) !== undefined),
    removed: names((name) => to.get(name) === undefined),
  };
}
