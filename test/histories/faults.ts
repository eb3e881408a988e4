import { eventually } from '../peers/eventually.js';
import type { TcpProxy } from '../peers/tcp-proxy.js';
import type { Signalbox } from '../support/signalbox.js';
import type { Member } from './registries/registry.js';
import type { Topology } from './topology.js';

/** Ends a fault. */
export type Heal = () => Promise<void>;

/** Something that goes wrong. */
export interface FaultKind {
  readonly name: string;
  /** A registry that keeps nothing on disk forgets all instances. */
  readonly forgets?: boolean;
  begin(): Promise<Heal>;
}

const PATIENCE = 120_000;

/** Every fault that can befall a topology. */
export function faultsOf(topology: Topology): readonly FaultKind[] {
  const { registry } = topology;
  const alone = registry.members.length === 1;
  const leader = async () => await leaderOf(registry.members);
  const follower = async () => {
    const leading = await leader();
    return registry.members.find((member) => member !== leading) ?? leading;
  };
  const anyone = alone ? 'member' : 'leader';
  const { forgets } = registry;
  const ofMembers: readonly FaultKind[] = [
    { name: `${anyone} killed`, forgets, begin: async () => await down(await leader(), 'SIGKILL') },
    { name: `${anyone} frozen`, begin: async () => await frozen([await leader()]) },
    { name: `${anyone} restarted`, forgets, begin: async () => await restarted(await leader()) },
  ];
  const ofClusters: readonly FaultKind[] = [
    { name: 'follower killed', begin: async () => await down(await follower(), 'SIGKILL') },
    { name: 'follower frozen', begin: async () => await frozen([await follower()]) },
    {
      name: 'no quorum: two members frozen',
      begin: async () => await frozen([await leader(), await follower()]),
    },
    { name: 'leader cut off from the members', begin: async () => isolated(await leader()) },
    { name: 'follower cut off from the members', begin: async () => isolated(await follower()) },
    {
      name: 'leader cut off from both replicas',
      begin: async () => {
        const place = registry.members.indexOf(await leader());
        return stalled(topology.links.flatMap((links) => links[place] ?? []));
      },
    },
  ];
  const [first = [], second = []] = topology.links;
  return [
    ...ofMembers,
    ...(alone ? [] : ofClusters.filter(({ name }) => canIsolate(registry.members) || !isOfMembers(name))),
    { name: 'replica with workers cut off from the registry', begin: async () => refused(first.flat()) },
    { name: 'replica cut off from the registry, in silence', begin: async () => stalled(second.flat()) },
    { name: 'relay cut off from its replica, in silence', begin: async () => stalled([topology.relayLink]) },
    { name: 'relay cut off from its replica', begin: async () => refused([topology.relayLink]) },
    { name: 'worker killed', begin: async () => workerKilled(topology) },
    { name: 'replica killed', begin: async () => await killed(topology.replicas[1]) },
  ];
}

const isOfMembers = (name: string): boolean => name.endsWith('from the members');
const canIsolate = (members: readonly Member[]): boolean =>
  members.every(({ isolate }) => isolate !== undefined);

/** Waits until each member runs and serves, one leads, and the registry answers consistently. */
export async function whole({ registry }: Topology): Promise<void> {
  await eventually(
    async () => {
      const leading = await Promise.all(registry.members.map(async (member) => await member.leads()));
      if (leading.filter((leads) => leads).length !== 1) throw new Error('nobody leads');
      await registry.read([]);
    },
    PATIENCE,
    50,
  );
}

async function leaderOf(members: readonly Member[]): Promise<Member> {
  return await eventually(async () => {
    for (const member of members) if (await member.leads()) return member;
    throw new Error('nobody leads');
  }, PATIENCE);
}

async function down(member: Member, signal: NodeJS.Signals): Promise<Heal> {
  await member.stop(signal);
  return async () => await member.start();
}

async function restarted(member: Member): Promise<Heal> {
  await member.stop('SIGTERM');
  await member.start();
  return async () => undefined;
}

async function frozen(members: readonly Member[]): Promise<Heal> {
  for (const member of members) member.process.freeze();
  return async () => {
    for (const member of members) member.process.thaw();
  };
}

function isolated(member: Member): Heal {
  member.isolate?.();
  return async () => member.reunite?.();
}

function refused(links: readonly TcpProxy[]): Heal {
  for (const link of links) link.refuse();
  return async () => {
    for (const link of links) link.forward();
  };
}

function stalled(links: readonly TcpProxy[]): Heal {
  for (const link of links) link.stall();
  return async () => {
    for (const link of links) link.forward();
  };
}

async function killed(replica: Signalbox | undefined): Promise<Heal> {
  await replica?.stop('SIGKILL');
  return async () => await replica?.run();
}

async function workerKilled(topology: Topology): Promise<Heal> {
  const before = topology.workers();
  const [pid] = before;
  if (pid === undefined) throw new Error('there is no worker');
  process.kill(pid, 'SIGKILL');
  return async () => {
    await eventually(() => {
      if (topology.workers().length < before.length || topology.workers().includes(pid))
        throw new Error('the worker was not started again');
    }, PATIENCE);
  };
}
