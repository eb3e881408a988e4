import type { Outcome } from './attack.js';

/** The requirements of every row. */
export const LIMITS = {
  /** Milliseconds until a well-behaved proxy has a change, at worst. */
  latency: 300,
  /** Megabytes of the server and its workers above those before the attack. */
  memory: 200,
  /** Milliseconds that `/healthz` may take; Kubernetes gives up after a second. */
  liveness: 1_000,
} as const;

/** What a well-behaved proxy saw. */
export interface Sample {
  /** Milliseconds from each change until the proxy had it, sorted. */
  readonly times: readonly number[];
  /** Changes that did not come. */
  readonly lost: number;
  /** Why the proxy's stream ended, for each time that it did. */
  readonly ends: readonly string[];
}

/** One run of an attack. */
export interface Trial {
  /** Without the attack, beside a program that keeps one processor busy. */
  readonly quiet: Sample;
  /** During the attack, and while the attacker goes. */
  readonly attacked: Sample;
  /** Megabytes. */
  readonly memory: { readonly before: number; readonly highest: number };
  /** `/healthz` during the attack: the longest time in milliseconds, and failed requests. */
  readonly liveness: { readonly worst: number; readonly failures: number };
  /** Why the server ended; undefined where it runs. */
  readonly ended: string | undefined;
  /** Workers that ended. */
  readonly lostWorkers: number;
  readonly outcome: Outcome;
}

/** The requirements that a run missed; empty where it passed. */
export function faultsOf(trial: Trial): readonly string[] {
  const { quiet, attacked, memory, liveness, ended, lostWorkers, outcome } = trial;
  const worst = worstOf(attacked);
  const grown = memory.highest - memory.before;
  const lost = quiet.lost + attacked.lost;
  return [
    ...(ended === undefined ? [] : [`the server ended: ${ended}`]),
    ...(lostWorkers === 0 ? [] : [`${lostWorkers} workers ended`]),
    ...(lost === 0 ? [] : [`${lost} changes were lost`]),
    ...attacked.ends.slice(0, 1).map((end) => `the proxy's stream ended: ${end}`),
    ...(worst <= LIMITS.latency ? [] : [`a change took ${worst.toFixed(0)} ms`]),
    ...(grown <= LIMITS.memory ? [] : [`memory grew by ${grown.toFixed(0)} MB`]),
    ...(ended !== undefined || liveness.failures === 0 ? [] : ['/healthz failed']),
    ...(liveness.worst <= LIMITS.liveness ? [] : [`/healthz took ${liveness.worst.toFixed(0)} ms`]),
    ...(outcome.wrong === undefined ? [] : [outcome.wrong]),
  ];
}

/** The longest time of a sample, milliseconds; 0 without any. */
export function worstOf({ times }: Sample): number {
  return times.at(-1) ?? 0;
}

export function together(...samples: readonly Sample[]): Sample {
  return {
    times: samples.flatMap(({ times }) => times).sort((a, b) => a - b),
    lost: samples.reduce((sum, { lost }) => sum + lost, 0),
    ends: samples.flatMap(({ ends }) => ends),
  };
}
