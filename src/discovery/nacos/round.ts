import { setMaxListeners } from 'node:events';
import { SignalboxError } from '../../errors.js';
import { readEach } from '../read-each.js';
import { nameProblem } from '../service-name.js';
import { type NacosScope, type NacosService, serviceText } from './scope.js';
import { type NacosServer, PARALLEL } from './server.js';
import { readService } from './service-read.js';

/** What one reading of everything found at one server. */
export interface Round {
  /** In no order; undefined for a service that the server has no more. */
  readonly services: readonly {
    readonly key: NacosService;
    readonly entries: readonly unknown[] | undefined;
  }[];
  /** The services whose own query failed: what is known of them stays. */
  readonly failing: readonly {
    readonly key: NacosService;
    readonly error: SignalboxError;
    /** Whether the server lists the service. */
    readonly listed: boolean;
  }[];
  /** The services that are left out because of their name, with the reason. */
  readonly unusable: readonly { readonly key: NacosService; readonly problem: string }[];
  /** How many services there are to be queried, those included that are queried at another time. */
  readonly queried: number;
  /** Why scopes could not be read: of their services the last good state stays. */
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
  /** Whether a service is none of this registry, whatever the server says. */
  readonly skipped: (service: string) => boolean;
  /** Whether a service is queried by itself, since its query fails. */
  readonly postponed: (service: NacosService) => boolean;
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
  const failing: Round['failing'][number][] = [];
  const unusable: Round['unusable'][number][] = [];
  const failures: SignalboxError[] = [];
  let queried = 0;
  let answered = false;

  const readScope = async (scope: NacosScope, life: AbortSignal): Promise<void> => {
    const known = questions.known(scope);
    const listed = questions.wanted && new Set(questions.wanted(scope));
    const there = listed ?? (await server.services(scope, life));
    answered ||= listed === undefined;
    // A list of several pages may miss a service while others come and go: gone is what has no instance either.
    const candidates = listed ?? new Set([...there, ...known]);
    const asked: NacosService[] = [];
    for (const service of candidates) {
      const key = { ...scope, service };
      const problem = nameProblem(service);
      if (questions.skipped(service)) continue;
      if (problem !== undefined && there.has(service)) unusable.push({ key, problem });
      else if (problem !== undefined) services.push({ key, entries: undefined });
      else {
        queried += 1;
        if (!there.has(service) || !questions.postponed(key)) asked.push(key);
      }
    }
    for (const service of known)
      if (!candidates.has(service)) services.push({ key: { ...scope, service }, entries: undefined });

    const read = new Map(asked.map((key) => [serviceText(key), key]));
    const failed = await readEach(
      read.keys(),
      PARALLEL,
      async (text) => {
        const key = read.get(text);
        if (key === undefined) return undefined;
        const { entries, error } = await readService(server, key, life);
        if (error !== undefined) return error;
        answered = true;
        const gone = entries.length === 0 && (listed !== undefined || !there.has(key.service));
        services.push({ key, entries: gone ? undefined : entries });
        return undefined;
      },
      life,
    );
    for (const [text, error] of failed) {
      const key = read.get(text);
      if (key !== undefined) failing.push({ key, error, listed: there.has(key.service) });
    }
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
  return { services, failing, unusable, queried, failures, answered };
}
