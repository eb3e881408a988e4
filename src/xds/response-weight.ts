import type { Resource } from '../snapshot/resource.js';

/** Approximate sizes, bytes: a response, a mention of a resource, the overhead of a name, an empty resource. */
const RESPONSE = 200;
const MENTION = 8;
const NAME = 24;
const EMPTY_RESOURCE = 600;

/**
 * What a response takes while it is not acknowledged, about, bytes. Its resources are those of the snapshot; what was
 * made of the proxy's own words is there for it alone.
 * @param mentions of resources of the snapshot
 */
export function responseWeight(
  mentions: number,
  own: { readonly removed?: readonly string[]; readonly made?: readonly Resource[] },
): number {
  let weight = RESPONSE + MENTION * mentions;
  for (const name of own.removed ?? []) weight += NAME + name.length;
  for (const { name, any } of own.made ?? []) weight += EMPTY_RESOURCE + name.length + any.length;
  return weight;
}
