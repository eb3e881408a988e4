import { addressesOf } from '../resources/endpoints.js';
import type { HistoryEntry } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { discoveryName } from '../xds/type-names.js';

/** How many addresses of a change are named. */
const MOST_NAMED = 20;

/** What one published version changed of a service, newest first. */
export function serviceHistory(name: string, history: readonly HistoryEntry[]) {
  return history.toReversed().flatMap(({ group, at, snapshot, previous }) => {
    const changes = [TYPE_URL.cluster, TYPE_URL.endpoints].flatMap((typeUrl) =>
      changeOf(name, previous.set(typeUrl), snapshot.set(typeUrl)),
    );
    return changes.length === 0
      ? []
      : [{ group, version: snapshot.version, at: new Date(at).toISOString(), changes }];
  });
}

export type ServiceHistory = ReturnType<typeof serviceHistory>;

function changeOf(name: string, before: ResourceSet, after: ResourceSet) {
  const from = before.get(name);
  const to = after.get(name);
  const typeUrl = (to ?? from)?.typeUrl;
  if (typeUrl === undefined || from?.version === to?.version) return [];
  return [
    {
      type: discoveryName(typeUrl),
      change: from === undefined ? 'added' : to === undefined ? 'removed' : 'changed',
      version: to?.version ?? null,
      ...(typeUrl === TYPE_URL.endpoints && addressChanges(from, to)),
    },
  ];
}

function addressChanges(from: Resource | undefined, to: Resource | undefined) {
  const before = from === undefined ? new Set<string>() : addressesOf(from);
  const after = to === undefined ? new Set<string>() : addressesOf(to);
  return {
    added: [...after].filter((address) => !before.has(address)).slice(0, MOST_NAMED),
    removed: [...before].filter((address) => !after.has(address)).slice(0, MOST_NAMED),
  };
}
