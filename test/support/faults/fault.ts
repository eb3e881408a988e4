/** What is done to a part of the whole. */
export const FAULTS = [
  'killed',
  'restarted',
  'frozen',
  'slow by 2 s',
  'cut in mid-message',
  'answering garbage',
  'wiped',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Brings about a fault; what it gives ends it again, all that was there before included. */
export type Injection = () => Promise<() => Promise<void>>;

/** Something that faults happen to. */
export interface Subject {
  readonly name: string;
  /** The path through Envoy whose requests must not fail. */
  readonly path: string;
  /** How to bring a fault about, or why there is none of the kind. */
  readonly faults: Readonly<Record<Fault, Injection | string>>;
  /** The faults in which requests cannot but fail, and why. */
  readonly mayFail?: Partial<Readonly<Record<Fault, string>>>;
  /** Makes a change of the path's service and resolves when it shows in the answers through Envoy. */
  change(): Promise<void>;
}

/** What became of one cell. */
export interface CellResult {
  readonly subject: string;
  readonly fault: Fault;
  /** Why there is nothing to do. */
  readonly none?: string;
  /** Why requests may fail. */
  readonly mayFail?: string;
  readonly requests: number;
  readonly failures: readonly string[];
  /** From the end of the fault until a change was seen. */
  readonly seconds: number;
}
