import { referredNames } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';

/** A resource that refers to one that the snapshot does not have. */
export interface Inconsistency {
  readonly typeUrl: string;
  readonly name: string;
  readonly missing: { readonly typeUrl: string; readonly name: string };
}

/** Which type the references of a type are of. */
const REFERENCES: readonly (readonly [from: string, to: string])[] = [
  [TYPE_URL.listener, TYPE_URL.route],
  [TYPE_URL.route, TYPE_URL.cluster],
  [TYPE_URL.cluster, TYPE_URL.endpoints],
];

/**
 * The references of a snapshot that lead nowhere: a listener's route configuration, a route's cluster, a cluster's
 * load assignment. Without `consistent` everything is looked at.
 * @param snapshot what is to be published
 * @param consistent an earlier snapshot that was consistent: only what differs from it is looked at
 */
export function inconsistencies(
  snapshot: Snapshot,
  consistent: Snapshot = Snapshot.EMPTY,
): readonly Inconsistency[] {
  return REFERENCES.flatMap(([from, to]) => {
    const set = snapshot.set(from);
    const targets = snapshot.set(to);
    const changed = set.differencesFrom(consistent.set(from));
    const names = someRemoved(targets, consistent.set(to)) ? set.names() : changed;
    return [...names].flatMap((name) => {
      const resource = set.get(name);
      const referred = resource === undefined ? [] : referredNames(resource, to);
      const missing = referred.filter((target) => targets.get(target) === undefined);
      return missing.map((target) => ({ typeUrl: from, name, missing: { typeUrl: to, name: target } }));
    });
  });
}

function someRemoved(after: ResourceSet, before: ResourceSet): boolean {
  return after.differencesFrom(before).some((name) => after.get(name) === undefined);
}
