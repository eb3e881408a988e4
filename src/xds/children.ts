import { referredNames } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { NameSet, type NameTable } from './name-set.js';
import type { Response } from './response.js';
import { discoversVirtualHosts, wordFor } from './virtual-hosts.js';

type Children = readonly (readonly [typeUrl: string, names: NameSet])[];
const CHILDREN = new WeakMap<Response, Children>();

/**
 * What the changed resources of a response refer to, clusters excepted: a route does not wait for its clusters. A route
 * configuration whose virtual hosts are discovered waits for a word about any of them, see {@link wordFor}.
 */
export function childrenOf(response: Response, table: NameTable): Children {
  let children = CHILDREN.get(response);
  if (children === undefined) {
    const references = response.changed.flatMap((resource) => resource.references);
    const discovering =
      response.typeUrl === TYPE_URL.route ? response.changed.filter(discoversVirtualHosts) : [];
    if (discovering.length > 0)
      references.push({ typeUrl: TYPE_URL.virtualHost, names: discovering.map(wordFor) });
    const types = new Set(references.map(({ typeUrl }) => typeUrl));
    types.delete(TYPE_URL.cluster);
    children = [...types].map((typeUrl) => [
      typeUrl,
      table.of(references.flatMap((ofType) => (ofType.typeUrl === typeUrl ? ofType.names : []))),
    ]);
    CHILDREN.set(response, children);
  }
  return children;
}

/** The load assignments of the clusters in a response that are new to a proxy that holds these. */
export function newAssignments(response: Response, held: ResourceSet, table: NameTable): NameSet {
  const added = response.changed.filter((resource) => held.get(resource.name) === undefined);
  return added.length === 0
    ? NameSet.EMPTY
    : table.of(added.flatMap((resource) => referredNames(resource, TYPE_URL.endpoints)));
}
