import { BlockingQuery, type TakenAnswer } from './blocking-query.js';
import type { Trouble } from './catalog-answer.js';
import type { Follow } from './follow.js';

/** Requests at a time, beside the three that block. */
const AT_A_TIME = 8;

/**
 * Follows a catalogue of many services with three blocking queries, whatever their number: the names of the services,
 * the nodes, and the checks that do not pass. What these tell leads to the services that are read again. A change of a
 * registration alone wakes the list of names without showing in it; there the nodes' registrations, one request a
 * node, tell by their ModifyIndex which services it was.
 * @returns when the server has lost its state, or when the services are fewer than `fewest`
 */
export async function followAll(
  { server, mapping, publication, names, blocks, silent, pace, signal }: Follow,
  first: TakenAnswer<ReadonlySet<string>>,
  fewest: number,
): Promise<void> {
  const nodes = new BlockingQuery((index, life) => server.nodes(index, life), signal, blocks);
  const troubles = new BlockingQuery((index, life) => server.troubles(index, life), signal, blocks);
  let [knownNodes, knownTroubles] = await Promise.race([
    silent,
    Promise.all([nodes.next(), troubles.next()]).then(([a, b]) => [a.value, b.value] as const),
  ]);
  let known = first.value;
  let { index } = first;

  const read = async (services: Iterable<string>) => {
    await inTurns(services, async (name) => {
      if (!known.has(name)) return;
      publication.take(name, (await server.service(name, 0, signal)).value);
    });
  };
  const differing = async (some: readonly string[]) => {
    const registrations = new Map<string, Awaited<ReturnType<typeof server.registrations>>>();
    await inTurns(some, async (node) => {
      registrations.set(node, await server.registrations(node, signal));
    });
    return mapping.differing(registrations);
  };

  publication.keepOnly(known);
  await read(known);
  publication.synced(index);
  while (!signal.aborted) {
    const woken = await Promise.race([names.ready(), nodes.ready(), troubles.ready(), silent]);
    if (woken === names) {
      const { value, moved, wentBack, ...answer } = names.take();
      if (wentBack || value.size < fewest) return;
      index = answer.index;
      const added = [...value].filter((name) => !known.has(name));
      known = value;
      publication.keepOnly(known);
      // With more nodes than services, reading the services themselves is less.
      if (moved && knownNodes.size > known.size) await read(known);
      else if (moved) await read(new Set([...added, ...(await differing([...knownNodes.keys()]))]));
    } else if (woken === nodes) {
      const { value, wentBack } = nodes.take();
      if (wentBack) return;
      const gone = [...knownNodes.keys()].filter((node) => !value.has(node));
      const changed = [...value].filter(([node, at]) => knownNodes.get(node) !== at).map(([node]) => node);
      knownNodes = value;
      // The address of a node is that of its services where they have none.
      const theirs = mapping.onNodes(new Set([...gone, ...changed]));
      await read(new Set([...theirs, ...(await differing(changed))]));
    } else {
      const { value, wentBack } = troubles.take();
      if (wentBack) return;
      const turned = [...difference(knownTroubles, value), ...difference(value, knownTroubles)];
      knownTroubles = value;
      const wholeNodes = new Set(
        turned.filter(({ service }) => service === undefined).map(({ node }) => node),
      );
      const services = turned.flatMap(({ service }) => service ?? []);
      await read(new Set([...services, ...mapping.onNodes(wholeNodes)]));
    }
    publication.synced(index);
    await pace();
  }
}

function difference(
  of: ReadonlyMap<string, Trouble>,
  without: ReadonlyMap<string, Trouble>,
): readonly Trouble[] {
  return [...of].filter(([key]) => !without.has(key)).map(([, trouble]) => trouble);
}

async function inTurns<T>(items: Iterable<T>, step: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await step(next.value);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}
