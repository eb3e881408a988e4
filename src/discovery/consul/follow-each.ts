import type { TakenAnswer } from './blocking-query.js';
import type { Follow } from './follow.js';
import { ServiceQuery } from './service-query.js';

/** Failures in a row after which a service without an answer is not waited for any more. */
const ENOUGH = 2;

/**
 * Follows a catalogue of few services: a blocking query stands for each of them, and Consul answers only those whose
 * service has changed. One that fails is tried again by itself.
 * @returns when there are more than `most` services
 */
export async function followEach(
  { server, publication, names, silent, pace, signal }: Follow,
  first: TakenAnswer<ReadonlySet<string>>,
  most: number,
): Promise<void> {
  const services = new Map<string, ServiceQuery>();
  // The services without an answer yet. At the start the registry is not told before they have one, or have failed twice;
  // later the others do not wait for one that is new.
  const unread = new Set<string>();
  const adopt = (listed: ReadonlySet<string>) => {
    const current = publication.adopt(listed);
    for (const [name, query] of services) {
      if (current.has(name)) continue;
      query.end();
      services.delete(name);
      unread.delete(name);
    }
    for (const name of current) {
      if (services.has(name)) continue;
      services.set(name, new ServiceQuery(server, name, signal));
      unread.add(name);
    }
  };
  const take = (name: string) => {
    const query = services.get(name);
    if (query === undefined) return;
    const read = query.take();
    publication.take(name, read);
    if (read.error === undefined || query.failures >= ENOUGH) unread.delete(name);
  };

  let { index } = first;
  adopt(first.value);
  let told = unread.size === 0;
  if (told) publication.synced(index);
  while (!signal.aborted) {
    const standing = [...services.values()].map((query) => query.ready());
    await Promise.race([names.ready(), silent, ...standing]);
    if (names.answered) {
      const current = names.take();
      if (current.value.size > most) return;
      index = current.index;
      adopt(current.value);
    }
    // With one answer in each turn the last services would never have theirs where changes come faster than turns.
    for (const [name, query] of services) if (query.answered) take(name);
    told ||= unread.size === 0;
    if (!told) continue;
    publication.synced(index);
    await pace();
  }
}
