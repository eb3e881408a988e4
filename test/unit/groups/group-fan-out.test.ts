import { beforeEach, expect, test } from 'vitest';
import { GroupFanOut } from '../../../src/groups/group-fan-out.js';
import type { RouteRule } from '../../../src/model/route.js';
import { type Routing, toGroup } from '../../../src/publish/target.js';
import { RouteConfigurations } from '../../../src/resources/route/configuration.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { referredNames } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { configOf } from '../../support/configuration.js';
import { aResource } from '../../support/resources.js';

const { cluster, endpoints, listener, route } = TYPE_URL;
const rule = (prefix: string, service_name: string, name?: string): RouteRule => ({
  match: { prefix },
  service_name,
  ...(name !== undefined && { name }),
});
const RULES = [rule('/web/', 'web', 'public'), rule('/pay/', 'pay'), rule('/db/', 'db', 'private')];
const LISTENERS = ['http', 'admin'];

const { groups } = configOf({
  groups: {
    edge: { match: { cluster: 'edge' }, listeners: 'http', routes: 'public', services: ['web', 'pay'] },
    inner: { match: { cluster: 'inner' }, services: 'db*' },
    all: { match: { cluster: 'all' }, listeners: ['*'] },
  },
});

let cache: SnapshotCache;
let fanOut: GroupFanOut;
beforeEach(() => {
  cache = new SnapshotCache();
  fanOut = new GroupFanOut(groups, (group) => toGroup(cache, group));
  fanOut.setSnapshot(everything(RULES), routing(RULES));
});

const routing = (rules: readonly RouteRule[]): Routing => ({ listeners: LISTENERS, rules, settings: [] });
function everything(rules: readonly RouteRule[]): Snapshot {
  const services = ['web', 'pay', 'db', 'other'].flatMap((name) => [
    aResource(name, 'a'),
    aResource(name, 'a', { typeUrl: endpoints }),
  ]);
  const listeners = LISTENERS.map((name) => aResource(name, 'l', { typeUrl: listener }));
  return Snapshot.of([...services, ...listeners, ...new RouteConfigurations().build(LISTENERS, rules)]);
}
const of = (group: string) => cache.getSnapshot(group) ?? Snapshot.EMPTY;
const names = (group: string, typeUrl: string) => [...of(group).set(typeUrl).names()].sort();
const routed = (group: string, name: string) => {
  const found = of(group).set(route).get(name);
  return found && referredNames(found, TYPE_URL.cluster);
};

test('each group gets its part', () => {
  expect(names('edge', cluster)).toEqual(['pay', 'web']);
  expect(names('edge', endpoints)).toEqual(['pay', 'web']);
  expect(names('edge', listener)).toEqual(['http']);
  expect(names('edge', route)).toEqual(['http']);
  expect(routed('edge', 'http')).toEqual(['web']);
  expect(names('inner', cluster)).toEqual(['db']);
  expect(names('inner', listener)).toEqual(['admin', 'http']);
  // A route to a service that the group does not get goes with it.
  expect(routed('inner', 'http')).toEqual(['db']);
  expect(of('all').version).toBe(of('default').version);
  expect(names('default', cluster)).toEqual(['db', 'other', 'pay', 'web']);
});

test('the groups share the very resources', () => {
  for (const group of ['edge', 'all'])
    expect(of(group).set(cluster).get('web')).toBe(of('default').set(cluster).get('web'));
  expect(of('all').set(route).get('http')).toBe(of('default').set(route).get('http'));
});

test('a change reaches the groups that it concerns and no others', () => {
  const before = of('inner');
  const changed = aResource('web', 'b', { typeUrl: endpoints });
  fanOut.updateResources(new Map([[endpoints, new Map([['web', changed]])]]));
  for (const group of ['default', 'edge', 'all']) expect(of(group).set(endpoints).get('web')).toBe(changed);
  expect(of('inner')).toBe(before);
});

test('what goes, goes from every group', () => {
  fanOut.updateResources(new Map([[cluster, new Map([['web', undefined]])]]));
  expect(names('edge', cluster)).toEqual(['pay']);
  expect(names('default', cluster)).toEqual(['db', 'other', 'pay']);
});

test('a change of routes is a change of the groups that have one of them', () => {
  const before = of('inner').version;
  const rules = [...RULES, rule('/more/', 'pay', 'public')];
  const routes = everything(rules).set(route);
  const changes = new Map([...routes.values()].map((resource) => [resource.name, resource]));
  fanOut.updateResources(new Map([[route, changes]]), routing(rules));
  expect(routed('edge', 'http')).toEqual(['pay', 'web']);
  expect(of('inner').version).toBe(before);
  expect(of('all').version).toBe(of('default').version);
});

test('a whole new snapshot leaves nothing of the one before', () => {
  const only = Snapshot.of([aResource('pay', 'b')]);
  fanOut.setSnapshot(only, { listeners: [], rules: [], settings: [] });
  expect(names('edge', cluster)).toEqual(['pay']);
  expect(names('edge', listener)).toEqual([]);
  expect(names('edge', route)).toEqual([]);
  expect(names('inner', cluster)).toEqual([]);
});
