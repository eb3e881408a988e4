import type { PeerProcess } from '../../peers/process.js';
import type { Instances } from '../history.js';
import type { Change } from '../writer.js';

/** One server of a registry. */
export interface Member {
  readonly name: string;
  /** The ports of loopback at which Signalbox reaches it. Where there are two, they keep their distance. */
  readonly ports: readonly number[];
  readonly process: PeerProcess;
  leads(): Promise<boolean>;
  /** Ends it and keeps its data, where it has any on disk. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again, without waiting for the others. */
  start(): Promise<void>;
  /** Cuts it off from the other members; ends with `reunite`. Only where the registry has other members. */
  isolate?(): void;
  reunite?(): void;
}

/** What a history needs of a registry. */
export interface RegistryLab {
  readonly type: string;
  readonly shows: 'service' | 'instance';
  readonly members: readonly Member[];
  /** Whether a member that ends forgets everything. */
  readonly forgets: boolean;
  /** How many instances one write may change. */
  readonly atOnce: number;
  /**
   * The registry's block under `discovery`.
   * @param ports where the replica reaches each member
   * @param replica the replica's number from 0
   */
  options(ports: readonly (readonly number[])[], replica: number): object;
  /** Throws `NotSent` where it cannot have happened, and anything else where it may have. */
  write(change: Change, member: number): Promise<void>;
  /** What the registry holds, by its own most consistent read. Throws while it has no quorum. */
  read(services: readonly string[]): Promise<ReadonlyMap<string, Instances>>;
  close(): Promise<void>;
}

/** Milliseconds after which the outcome of a write is unknown. */
export const WRITE_PATIENCE = 2_000;

/** Where a registry forgets everything, the guard against mass loss would serve what it had before, which is its purpose. */
export const WITHOUT_GUARD = { mass_loss: { hold: 0 } };
