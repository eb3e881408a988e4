import { pause } from '../pause.js';
import { BlockingQuery, type TakenAnswer } from './blocking-query.js';
import type { Trouble } from './catalog-answer.js';
import type { Follow } from './follow.js';
import { inTurns } from './in-turns.js';

/** Milliseconds. */
const LONGEST_REST = 5_000;

/**
 * Follows a catalogue of many services with three blocking queries, whatever their number: the names of the services,
 * the nodes, and the checks that do not pass. What these tell leads to the services that are read again. A change of a
 * registration alone wakes the list of names without showing in it; there the registrations of all nodes tell by their
 * ModifyIndex which services it was.
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
  publication.keepOnly(known);
  await read(known);
  publication.synced(index);
  while (!signal.aborted) {
    const woken = await Promise.race([names.ready(), nodes.ready(), troubles.ready(), silent]);
    const began = performance.now();
    if (woken === names) {
      const { value, moved, wentBack, ...answer } = names.take();
      if (wentBack || value.size < fewest) return;
      index = answer.index;
      const added = [...value].filter((name) => !known.has(name));
      known = value;
      publication.keepOnly(known);
      if (moved) {
        const registrations = await server.allRegistrations(knownNodes.keys(), signal);
        await read(new Set([...added, ...mapping.differing(registrations)]));
      }
    } else if (woken === nodes) {
      const { value, wentBack } = nodes.take();
      if (wentBack) return;
      const gone = [...knownNodes.keys()].filter((node) => !value.has(node));
      const changed = [...value].filter(([node, at]) => knownNodes.get(node) !== at).map(([node]) => node);
      knownNodes = value;
      // The address of a node is that of its services where they have none.
      const theirs = mapping.onNodes(new Set([...gone, ...changed]));
      const registrations = await server.registrations(changed, signal);
      await read(new Set([...theirs, ...mapping.differing(registrations)]));
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
    // A large catalogue that changes all the time is not read all the time.
    await pause(Math.min(LONGEST_REST, performance.now() - began), signal);
  }
}

function difference(
  of: ReadonlyMap<string, Trouble>,
  without: ReadonlyMap<string, Trouble>,
): readonly Trouble[] {
  return [...of].filter(([key]) => !without.has(key)).map(([, trouble]) => trouble);
}
