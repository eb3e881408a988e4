import type { NodeGroup } from '../config/node-groups.js';
import type { PublicationTarget, Routing } from '../publish/target.js';
import { RouteConfigurations } from '../resources/route/configuration.js';
import type { Group } from '../snapshot/cache.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { DEFAULT_GROUP } from './default-group.js';
import { type GroupView, groupView, viewOf } from './view-of.js';

interface Member {
  readonly view: GroupView;
  readonly target: PublicationTarget;
  readonly configurations: RouteConfigurations;
}

/**
 * Hands what is published for everybody to each group as the group's own view of it. Resources are built, hashed and
 * encoded once; a change costs what it is, once for each group. Only the route configurations of a group that chooses
 * its routes or services are its own, of routes that are encoded once.
 */
export class GroupFanOut implements PublicationTarget {
  readonly #default: PublicationTarget;
  readonly #members: readonly Member[];

  /** @param target where the snapshots of a group go; asked once for each */
  constructor(groups: Readonly<Record<Group, NodeGroup>>, target: (group: Group) => PublicationTarget) {
    this.#default = target(DEFAULT_GROUP);
    this.#members = Object.entries(groups).map(([group, options]) => ({
      view: groupView(options),
      target: target(group),
      configurations: new RouteConfigurations(),
    }));
  }

  /** All that was published last, of which the groups have their parts. */
  get wanted(): Snapshot {
    return this.#default.wanted;
  }

  /** Replaces everything. */
  setSnapshot(snapshot: Snapshot, routing: Routing): void {
    this.#default.setSnapshot(snapshot, routing);
    if (this.#members.length === 0) return;
    const everything: SnapshotChanges = new Map(
      [...snapshot.sets].map(([typeUrl, set]) => [
        typeUrl,
        new Map([...set.values()].map((resource) => [resource.name, resource])),
      ]),
    );
    for (const member of this.#members)
      member.target.setSnapshot(Snapshot.EMPTY.with(changesFor(member, everything, routing)), routing);
  }

  /**
   * Changes single resources.
   * @param routing where routes have changed: all that there are now
   */
  updateResources(changes: SnapshotChanges, routing?: Routing): void {
    this.#default.updateResources(changes, routing);
    for (const member of this.#members) member.target.updateResources(changesFor(member, changes, routing));
  }
}

function changesFor(
  { view, configurations }: Member,
  changes: SnapshotChanges,
  routing: Routing | undefined,
): SnapshotChanges {
  const own = viewOf(changes, view);
  if (view.allRoutes || routing === undefined) return own;
  const listeners = routing.listeners.filter(view.listener);
  const built = configurations.build(listeners, routing.rules.filter(view.route), routing.settings);
  const routes: ResourceChanges = new Map(built.map((resource) => [resource.name, resource]));
  return new Map([...own, [TYPE_URL.route, routes]]);
}
