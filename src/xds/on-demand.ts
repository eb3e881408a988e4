import type { Resource } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { NameSet, NameTable } from './name-set.js';
import type { Response, Variant } from './response.js';
import type { Subscription } from './subscription.js';
import { discoversVirtualHosts, isWord, VirtualHosts, wordFor } from './virtual-hosts.js';

/** The virtual hosts that a proxy has, and those that it is to have. */
export interface Hosts {
  readonly before: VirtualHosts;
  readonly after: VirtualHosts;
}

/** Whether resources of a type are asked for on demand: by a name that another one may answer. */
export function isOnDemand(variant: Variant, typeUrl: string): boolean {
  return variant === 'delta' && typeUrl === TYPE_URL.virtualHost;
}

/** @param asked what the stream asks for of route configurations; undefined where it does not carry them */
export function hostsOf(
  held: ResourceSet,
  target: ResourceSet,
  snapshot: Snapshot,
  asked: Subscription | undefined,
): Hosts {
  const routes = snapshot.set(TYPE_URL.route);
  const within = asked?.wildcard === false ? asked.names : undefined;
  return {
    before: new VirtualHosts(held, routes, within),
    after: new VirtualHosts(target, routes, within),
  };
}

/** What a response to names that are asked for on demand says. */
export interface DemandedChanges {
  readonly present: readonly Resource[];
  /** For each resource, the names it answers. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly removed: readonly string[];
  /** Names that nothing answers. */
  readonly absent: readonly string[];
}

/**
 * What brings a proxy from one set of virtual hosts to another. It asks for hosts, has the virtual hosts that take them,
 * and waits with the request of its client until a resource has the name it asked for as an alias, with content or, for
 * a host that does not exist, without. Who asks for everything is sent the virtual hosts of its own route configurations.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds
 */
export function demandedChanges(
  { subscription, held, target, owed }: Demand,
  { before, after }: Hosts,
): DemandedChanges {
  const { wildcard } = subscription;
  const aliases = new Map<string, string[]>();
  const had = new Set<string>();
  const present = new Map<string, Resource>();
  const absent: string[] = [];
  for (const asked of subscription.names) {
    const old = before.find(asked);
    const found = after.find(asked);
    if (old !== undefined) had.add(old.name);
    const isNew = owed.has(asked) || old?.name !== found?.name;
    if (found === undefined) {
      if (isNew) absent.push(asked);
      continue;
    }
    aliases.set(found.name, [...(aliases.get(found.name) ?? []), asked]);
    if (isNew || old?.version !== found.version) present.set(found.name, found);
  }
  const removed = new Set<string>();
  for (const name of had) if (!aliases.has(name) && !(wildcard && target.get(name))) removed.add(name);
  const changed = wildcard ? target.differencesFrom(held).filter((name) => after.concerns(name)) : [];
  for (const name of [...changed, ...owed]) {
    const resource = target.get(name);
    const told = wildcard && !subscription.names.has(name) ? after.toldBy(name) : [];
    const isOthers = wildcard && !after.concerns(name) && (resource !== undefined || isWord(name));
    if (isOthers) continue;
    for (const one of told) present.set(one.name, one);
    if (resource !== undefined && (wildcard || aliases.has(name))) present.set(name, resource);
    else if (!subscription.names.has(name) && told.length === 0) removed.add(name);
  }
  return {
    present: [...present.values()],
    aliases,
    removed: [...removed],
    // One response must not name a resource twice: that it does not exist is said with the next one.
    absent: absent.filter((name) => !removed.has(name)),
  };
}

interface Demand {
  readonly subscription: Subscription;
  readonly held: ResourceSet;
  readonly target: ResourceSet;
  readonly owed: NameSet;
}

/** Those of these names that are of concern to a stream. On demand its resources have other names than those it asks for. */
export function concerned({ typeUrl, subscription }: Asking, names: NameSet, table: NameTable): NameSet {
  return typeUrl === TYPE_URL.virtualHost ? names : subscription.coveredOf(names, table);
}

/** Names that are asked for and that a response removed: whether they exist is to be said with the next one. */
export function removedAnswers({ subscription }: Asking, { removed }: Response, table: NameTable): NameSet {
  return table.of(removed.filter((name) => subscription.names.has(name)));
}

interface Asking {
  readonly typeUrl: string;
  readonly subscription: Subscription;
}

/** The virtual hosts of a set that a proxy has been sent. */
export function demanded({ names }: Subscription, hosts: VirtualHosts): ReadonlySet<string> {
  const found = [...names].map((asked) => hosts.find(asked)?.name);
  return new Set(found.filter((name) => name !== undefined));
}

const CONFIGURATIONS = new WeakMap<ResourceSet, readonly string[]>();

/** What a first response has to say of each route configuration whose virtual hosts are discovered. */
export function firstWords(snapshot: Snapshot, table: NameTable): NameSet {
  const routes = snapshot.set(TYPE_URL.route);
  let names = CONFIGURATIONS.get(routes);
  if (names === undefined) {
    names = [...routes.values()].filter(discoversVirtualHosts).map(wordFor);
    CONFIGURATIONS.set(routes, names);
  }
  return table.of(names);
}
