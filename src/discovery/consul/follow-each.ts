import { BlockingQuery, type TakenAnswer } from './blocking-query.js';
import type { Follow } from './follow.js';

/**
 * Follows a catalogue of few services: a blocking query stands for each of them, and Consul answers only those whose
 * service has changed.
 * @returns when there are more than `most` services
 */
export async function followEach(
  { server, publication, names, silent, pace, signal }: Follow,
  first: TakenAnswer<ReadonlySet<string>>,
  most: number,
): Promise<void> {
  const services = new Map<string, BlockingQuery<readonly unknown[] | undefined>>();
  // The services without an answer yet: the registry is not told as a whole before they have one.
  const unread = new Set<string>();
  const adopt = (current: ReadonlySet<string>) => {
    for (const [name, query] of services) {
      if (current.has(name)) continue;
      query.end();
      services.delete(name);
      unread.delete(name);
    }
    for (const name of current) {
      if (services.has(name)) continue;
      services.set(name, new BlockingQuery((index, life) => server.service(name, index, life), signal));
      unread.add(name);
    }
    publication.keepOnly(current);
  };

  let { index } = first;
  adopt(first.value);
  if (unread.size === 0) publication.synced(index);
  while (!signal.aborted) {
    const standing = [...services].map(async ([name, query]) => {
      await query.ready();
      return name;
    });
    const woken = await Promise.race([names.ready(), silent, ...standing]);
    if (woken === names) {
      const current = names.take();
      if (current.value.size > most) return;
      index = current.index;
      adopt(current.value);
    } else if (typeof woken === 'string') {
      const query = services.get(woken);
      if (query !== undefined) publication.take(woken, query.take().value);
      unread.delete(woken);
    }
    if (unread.size > 0) continue;
    publication.synced(index);
    await pace();
  }
}
