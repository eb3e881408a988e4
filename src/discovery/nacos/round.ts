import { setMaxListeners } from 'node:events';
import { SignalboxError } from '../../errors.js';
import { inParallel } from '../in-parallel.js';
import type { NacosScope, NacosService } from './scope.js';
import { errorAbout, type NacosServer, PARALLEL } from './server.js';

/** What one reading of everything found at one server. */
export interface Round {
  /** In no order; undefined for a service that the server has no more. */
  readonly services: readonly {
    readonly key: NacosService;
    readonly entries: readonly unknown[] | undefined;
  }[];
  /** What could not be read: of these scopes and services the last good state stays. */
  readonly failures: readonly SignalboxError[];
  /** Some of it was answered. */
  readonly answered: boolean;
}

export interface RoundQuestions {
  readonly scopes: readonly NacosScope[];
  /** The services to ask for; undefined for all that the server lists. */
  readonly wanted: ((scope: NacosScope) => readonly string[]) | undefined;
  /** The services that were there before. */
  readonly known: (scope: NacosScope) => readonly string[];
}

/**
 * Reads everything from one server.
 * @throws SignalboxError where the server is out of reach, which fails the round as a whole
 */
export async function readRound(
  server: NacosServer,
  questions: RoundQuestions,
  signal: AbortSignal,
): Promise<Round> {
  const services: Round['services'][number][] = [];
  const failures: SignalboxError[] = [];
  let answered = false;

  const readScope = async (scope: NacosScope, life: AbortSignal): Promise<void> => {
    const known = questions.known(scope);
    const listed = questions.wanted && new Set(questions.wanted(scope));
    const there = listed ?? (await server.services(scope, life));
    answered ||= listed === undefined;
    // A list of several pages may miss a service while others come and go: gone is what has no instance either.
    const asked = listed ?? new Set([...there, ...known]);
    for (const service of known) {
      if (!asked.has(service)) services.push({ key: { ...scope, service }, entries: undefined });
    }
    await inParallel(asked, PARALLEL, async (service) => {
      const key = { ...scope, service };
      try {
        const entries = await server.instances(key, life);
        answered = true;
        const gone = entries.length === 0 && (listed !== undefined || !there.has(service));
        services.push({ key, entries: gone ? undefined : entries });
      } catch (thrown) {
        if (!(thrown instanceof SignalboxError)) throw thrown;
        const error = errorAbout(key, thrown);
        if (error.code !== 'registry_bad_answer') throw error;
        failures.push(error);
      }
    });
  };

  const life = new AbortController();
  // Each query at a time listens to it, in more than one place.
  setMaxListeners(0, life.signal);
  const end = () => life.abort();
  signal.addEventListener('abort', end);
  try {
    for (const scope of questions.scopes) {
      try {
        await readScope(scope, life.signal);
      } catch (thrown) {
        if (!(thrown instanceof SignalboxError)) throw thrown;
        if (thrown.code !== 'registry_bad_answer' && thrown.code !== 'registry_refused') throw thrown;
        failures.push(thrown);
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    // What still runs beside a query that failed is not waited for.
    life.abort();
  }
  return { services, failures, answered };
}
