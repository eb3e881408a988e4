/** Charges what the calls of one connection cost. */
export interface ConnectionMeter {
  /** One more call has come, whether it will be served or not. @returns whether the connection may stay */
  called(): boolean;
  /** Charges bytes that are kept. @returns undefined, or why they are too many: then nothing is charged */
  hold(bytes: number): string | undefined;
  release(bytes: number): void;
  /** Charges CPU time. @returns for how long the connection's calls have to rest now; milliseconds, as the time is */
  worked(milliseconds: number): number;
  /** So many bytes wait for the client to read them. */
  queued(bytes: number): void;
  /** So many of these have gone to the network, or never will. */
  written(bytes: number): void;
}
