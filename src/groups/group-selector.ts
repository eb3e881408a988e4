import { globMatcher } from '../base/glob.js';
import type { NodeGroup } from '../config/node-groups.js';
import type { Group } from '../snapshot/cache.js';
import type { ProxyNode } from '../xds/node.js';
import { DEFAULT_GROUP } from './default-group.js';

type Test = (node: ProxyNode) => boolean;

/**
 * Tells the group of a proxy: the first whose match is true of what the proxy says of itself, else the default one.
 * @param groups in the order in which they are tried
 */
export function groupSelector(groups: Readonly<Record<Group, NodeGroup>>): (node: ProxyNode) => Group {
  const tests = Object.entries(groups).map(([group, { match }]) => [group, testOf(match)] as const);
  return (node) => tests.find(([, test]) => test(node))?.[0] ?? DEFAULT_GROUP;
}

function testOf({ id, cluster, locality = {}, metadata }: NodeGroup['match']): Test {
  const { region, zone, sub_zone } = locality;
  const tests: Test[] = [];
  const add = (patterns: readonly string[] | undefined, get: (node: ProxyNode) => string) => {
    if (patterns === undefined) return;
    const matches = globMatcher(patterns);
    tests.push((node) => matches(get(node)));
  };
  add(id, (node) => node.id);
  add(cluster, (node) => node.cluster);
  add(region, (node) => node.locality.region);
  add(zone, (node) => node.locality.zone);
  add(sub_zone, (node) => node.locality.sub_zone);
  if (metadata !== undefined) {
    const matches = metadataTest(metadata);
    tests.push((node) => matches(node.metadata));
  }
  return (node) => tests.every((test) => test(node));
}

function metadataTest(wanted: unknown): (value: unknown) => boolean {
  if (typeof wanted === 'string') {
    const matches = globMatcher([wanted]);
    return (value) => typeof value === 'string' && matches(value);
  }
  if (typeof wanted !== 'object' || wanted === null) return (value) => value === wanted;
  const parts = Object.entries(wanted).map(([key, part]) => [key, metadataTest(part)] as const);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    parts.every(([key, matches]) => Object.hasOwn(value, key) && matches(Reflect.get(value, key)));
}
