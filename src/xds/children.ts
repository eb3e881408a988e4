import { referredNames } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { NameSet, type NameTable } from './name-set.js';
import type { Response } from './response.js';

type Children = readonly (readonly [typeUrl: string, names: NameSet])[];
const CHILDREN = new WeakMap<Response, Children>();

/** What the changed resources of a response refer to, clusters excepted: a route does not wait for its clusters. */
export function childrenOf(response: Response, table: NameTable): Children {
  let children = CHILDREN.get(response);
  if (children === undefined) {
    const references = response.changed.flatMap((resource) => resource.references);
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
