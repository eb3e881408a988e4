import { useEffect, useState } from 'preact/hooks';
import { ask, readEvents, TokenWanted } from './api.js';

export type Connection = 'connecting' | 'live' | 'lost' | 'token';
export type Topic = 'snapshot' | 'registry' | 'proxies' | 'release';

/** Milliseconds. */
const SHORTEST_PAUSE = 400;
const LONGEST_RETRY = 10_000;
/** Of the time at most one part in so many goes into asking again. */
const COST = 5;

const listeners = new Set<(event: string) => void>();
let state: Connection = 'connecting';

function tell(event: string): void {
  for (const listener of listeners) listener(event);
}

function become(next: Connection): void {
  state = next;
  tell('connection');
}

/** Follows the events for as long as the page is open. */
export async function follow(): Promise<void> {
  const { signal } = new AbortController();
  for (let pause = 500; ; pause = Math.min(pause * 2, LONGEST_RETRY)) {
    try {
      await readEvents((event) => {
        if (event === 'open') {
          pause = 500;
          become('live');
        }
        tell(event);
      }, signal);
      become('lost');
    } catch (thrown) {
      if (thrown instanceof TokenWanted) return become('token');
      become('lost');
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export function useConnection(): Connection {
  const [known, setKnown] = useState(state);
  useEffect(() => {
    const listener = () => setKnown(state);
    listeners.add(listener);
    listener();
    return () => void listeners.delete(listener);
  }, []);
  return known;
}

export interface Answer<T> {
  readonly data?: T;
  readonly error?: string;
  /** Asks again. */
  readonly refresh: () => void;
}

/**
 * An answer of the admin API that is asked for again when something happens.
 * @param topics what makes it change
 * @param every milliseconds after which it is asked for anyway
 */
export function useAnswer<T>(path: string, topics: readonly Topic[], every?: number): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ refresh: () => undefined });
  const wanted = topics.join(' ');
  useEffect(() => {
    const life = new AbortController();
    let timer: number | undefined;
    let asking = false;
    let again = false;
    const refresh = () => {
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      again = false;
      const began = performance.now();
      const take = (next: { readonly data: T } | { readonly error: string }) => {
        if (life.signal.aborted) return;
        // What was good before is better than nothing while it cannot be asked.
        setAnswer((before) => ({ ...('error' in next && before), ...next, refresh }));
        const pause = Math.max(SHORTEST_PAUSE, (performance.now() - began) * COST);
        setTimeout(() => {
          asking = false;
          if (again) refresh();
        }, pause);
      };
      ask<T>(path, 'GET', life.signal).then(
        (data) => take({ data }),
        (thrown: unknown) => take({ error: thrown instanceof Error ? thrown.message : String(thrown) }),
      );
    };
    const listener = (event: string) => {
      if (event === 'open' || wanted.split(' ').includes(event)) refresh();
    };
    listeners.add(listener);
    setAnswer({ refresh });
    refresh();
    if (every !== undefined) timer = setInterval(refresh, every);
    return () => {
      life.abort();
      listeners.delete(listener);
      clearInterval(timer);
    };
  }, [path, wanted, every]);
  return answer;
}
