/** What is served of one service: the weight of each instance by its address. No instance: the service is empty or gone. */
export type Instances = Readonly<Record<string, number>>;

/**
 * - `ok`: the registry acknowledged it.
 * - `failed`: it cannot have happened, since nothing was sent.
 * - `unknown`: the answer is missing. It may have happened, may happen later, or never.
 */
export type Outcome = 'ok' | 'failed' | 'unknown';

/** One atomic change of one service. Each service has one writer, which makes one change after the other. */
export interface Write {
  readonly service: string;
  /** Counts the writes of the service from 1. It is the weight of every instance that this write puts. */
  readonly index: number;
  readonly puts: readonly string[];
  readonly removes: readonly string[];
  readonly outcome: Outcome;
  /** Before it was sent and after it was answered, milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** What a proxy was shown of a service, recorded on every change. */
export interface Observation {
  readonly proxy: string;
  /** The server it was connected to: a replica or the relay. */
  readonly server: string;
  /** Counts the streams of the proxy. */
  readonly stream: number;
  readonly service: string;
  readonly instances: Instances;
  readonly at: number;
}

/** A fault, from its beginning until the registry, the servers and their network are whole again. */
export interface FaultPeriod {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Whatever was acknowledged by `since` has to be shown by `at`. */
export interface Check {
  readonly since: number;
  readonly at: number;
  /** For how long the machine let a control program wait in between, milliseconds. `at` is later by as much. */
  readonly standstill: number;
}

/** Everything that one run knows. */
export interface History {
  readonly registry: string;
  readonly seed: number;
  /**
   * `service`: the registry shows a service as a whole, so that each state shown is one that it held.
   * `instance`: it shows a service instance by instance, so that each instance by itself is as the registry held it.
   */
  readonly shows: 'service' | 'instance';
  readonly proxies: readonly string[];
  readonly writes: readonly Write[];
  readonly observations: readonly Observation[];
  readonly faults: readonly FaultPeriod[];
  readonly checks: readonly Check[];
}

/** What must not be. */
export interface Violation {
  /**
   * - `invented`: a state that the registry never had.
   * - `back`: a state that is older than one shown before.
   * - `behind`: a write that should be shown by now is not.
   * - `missing`: an instance is gone that nobody removed.
   */
  readonly kind: 'invented' | 'back' | 'behind' | 'missing';
  readonly proxy: string;
  readonly service: string;
  readonly at: number;
  readonly detail: string;
}
