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

/** Tells whether what happened meanwhile has been felt by who is next to it. */
export type Probe = () => Promise<boolean> | boolean;

/** Something that faults happen to. */
export interface Subject {
  readonly name: string;
  /** The path through Envoy whose requests must not fail. */
  readonly path: string;
  /** How to bring a fault about, or why there is none of the kind. */
  readonly faults: Readonly<Record<Fault, Injection | string>>;
  /** The faults in which requests cannot but fail, and why. */
  readonly mayFail?: Partial<Readonly<Record<Fault, string>>>;
  /**
   * Looks at how things stand before a fault, so that its effect can be told.
   * @returns undefined where a fault of the kind need not be felt by anybody
   */
  watch?(fault: Fault): Promise<Probe | undefined>;
  /** Whether the changes come by the way that is slow in `slow by 2 s`, so that one made meanwhile comes late. */
  readonly changesCome?: boolean;
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
  /** Whether the fault has had an effect; undefined where that cannot be told. */
  readonly felt?: boolean;
  readonly requests: number;
  readonly failures: readonly string[];
  /** From the end of the fault until a change was seen. */
  readonly seconds: number;
}
