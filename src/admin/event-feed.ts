import { isDeepStrictEqual } from 'node:util';
import type { SourceStatus } from '../catalogue/source-status.js';
import { pause } from '../discovery/pause.js';
import type { ReleaseStatus } from '../release/release.js';
import type { HistoryEntry } from '../snapshot/cache.js';
import type { ProxyView } from './proxies.js';
import { proxyChanges } from './proxy-changes.js';
import { registryView } from './registries.js';
import { releaseView } from './release.js';
import { snapshotList } from './snapshots.js';

/** What there is to tell of. */
export interface EventSubject {
  readonly sources: () => readonly SourceStatus[];
  readonly proxies: () => Promise<readonly ProxyView[]>;
  readonly releaseStatus: () => ReleaseStatus;
  /** Calls `listener` at each publication until `signal` is aborted. */
  readonly watch: (listener: (entry: HistoryEntry) => void, signal: AbortSignal) => void;
}

/** One thing that has happened; what `/events` calls `event` and `data`. */
export interface AdminEvent {
  readonly event: 'snapshot' | 'registry' | 'proxies' | 'release';
  readonly data: object;
}

/** Milliseconds between two looks. */
const PAUSE = 500;
/** Of the process's time at most one part in so many goes into looking. */
const COST = 50;

interface Seen {
  readonly registries: ReadonlyMap<string, ReturnType<typeof registryView>>;
  readonly proxies: readonly ProxyView[] | undefined;
  readonly release: ReturnType<typeof releaseView>;
}

/**
 * Tells what happens while somebody listens. Publications are told as they come; of the rest it looks what has changed
 * since the last time, so that streams and sources need not know of it and nothing costs anything while nobody listens.
 */
export class EventFeed {
  readonly #listeners = new Set<(event: AdminEvent) => void>();
  #life: AbortController | undefined;

  /**
   * @param failed told of a look that failed; the next one may succeed
   * @param pause milliseconds between two looks
   */
  constructor(
    private readonly subject: EventSubject,
    private readonly failed: (thrown: unknown) => void,
    private readonly pause = PAUSE,
  ) {}

  /** Calls `listener` with everything that happens from now on. @returns what ends it */
  listen(listener: (event: AdminEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#life === undefined) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#life?.abort();
      this.#life = undefined;
    };
  }

  #start(): void {
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.subject.watch((entry) => {
      for (const data of snapshotList([entry])) this.#tell({ event: 'snapshot', data });
    }, signal);
    this.#follow(signal).catch(this.failed);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let before: Seen | undefined;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        const now = await this.#look(before);
        if (signal.aborted) return;
        if (before !== undefined) for (const event of changesOf(before, now)) this.#tell(event);
        before = now;
      } catch (thrown) {
        this.failed(thrown);
      }
      await pause(Math.max(this.pause, (performance.now() - began) * COST), signal);
    }
  }

  async #look(before: Seen | undefined): Promise<Seen> {
    // A worker that does not answer now may answer the next time.
    const proxies = await this.subject.proxies().catch(() => before?.proxies);
    const registries = this.subject
      .sources()
      .map(registryView)
      .map((view) => [`${view.registry} ${view.server}`, view] as const);
    return { registries: new Map(registries), proxies, release: releaseView(this.subject.releaseStatus()) };
  }

  #tell(event: AdminEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function changesOf(before: Seen, now: Seen): readonly AdminEvent[] {
  const events: AdminEvent[] = [];
  for (const [key, data] of now.registries) {
    const known = before.registries.get(key);
    if (known === undefined || !isDeepStrictEqual(lasting(known), lasting(data)))
      events.push({ event: 'registry', data });
  }
  for (const [key, { registry, server }] of before.registries)
    if (!now.registries.has(key))
      events.push({ event: 'registry', data: { registry, server, state: 'gone' } });
  const proxies = proxyChanges(before.proxies ?? [], now.proxies ?? []);
  if (proxies !== undefined) events.push({ event: 'proxies', data: proxies });
  if (!isDeepStrictEqual(before.release, now.release)) events.push({ event: 'release', data: now.release });
  return events;
}

/** That a registry has answered again with nothing new is no news. */
function lasting({ last_success: _, revision: __, ...rest }: ReturnType<typeof registryView>): object {
  return rest;
}
