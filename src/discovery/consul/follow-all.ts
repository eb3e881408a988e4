import { inParallel } from '../in-parallel.js';
import { pause } from '../pause.js';
import { readEach } from '../read-each.js';
import { ServiceRetries } from '../service-retries.js';
import { BlockingQuery, type TakenAnswer } from './blocking-query.js';
import type { Trouble } from './catalog-answer.js';
import { AT_A_TIME } from './catalog-server.js';
import type { Follow } from './follow.js';
import { readService } from './service-read.js';

/** Milliseconds. */
const LONGEST_REST = 5_000;

/**
 * Follows a catalogue of many services with three blocking queries, whatever their number: the names of the services,
 * the nodes, and the checks that do not pass. What these tell leads to the services that are read again. A change of a
 * registration alone wakes the list of names without showing in it; there the registrations of all nodes tell by their
 * ModifyIndex which services it was. A service whose query fails is read again by itself.
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
  let known = publication.adopt(first.value);
  let { index } = first;
  const retries = new ServiceRetries((name) => readService(server, name, signal), signal);

  const readOne = async (name: string) => {
    const outcome = await readService(server, name, signal);
    if (outcome.error === undefined) publication.take(name, outcome);
    return outcome.error;
  };
  const readAll = async () => {
    for (const [name, error] of await readEach(known, AT_A_TIME, readOne, signal)) {
      publication.take(name, { error });
      retries.failed(name);
    }
  };
  const read = async (services: Iterable<string>) => {
    const wanted = [...services].filter((name) => known.has(name));
    // Nobody waits for one that fails. A lone error is not told: the second attempt tells.
    for (const name of wanted) retries.hurry(name);
    const asked = wanted.filter((name) => !retries.has(name));
    await inParallel(asked, AT_A_TIME, async (name) => {
      if ((await readOne(name)) !== undefined) retries.failed(name);
    });
  };
  await readAll();
  publication.synced(index);
  while (!signal.aborted) {
    const woken = await Promise.race([
      names.ready(),
      nodes.ready(),
      troubles.ready(),
      retries.ready(),
      silent,
    ]);
    const began = performance.now();
    if (woken === retries) {
      for (const [name, outcome] of retries.take()) {
        publication.take(name, outcome);
        if (outcome.error === undefined) retries.drop(name);
        else retries.failed(name);
      }
    } else if (woken === names) {
      const { value, moved, wentBack, ...answer } = names.take();
      if (wentBack || value.size < fewest) return;
      index = answer.index;
      const before = known;
      known = publication.adopt(value);
      for (const name of [...retries.services].filter((service) => !known.has(service))) retries.drop(name);
      const added = [...known].filter((name) => !before.has(name));
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
