/** From when on missing instances are taken for a mistake of the registry rather than for the truth. */
export interface MassLossLimits {
  /** The share of a registry's instances, 0 to 1, of which more must not go missing within the window. */
  readonly registry: number;
  /** The same of one service's instances. */
  readonly service: number;
  /** Registries and services with fewer instances than this may lose them all. */
  readonly large: number;
  /** How far back the comparison goes, milliseconds; 0 compares with the answer before. */
  readonly window: number;
  /** For how long missing instances are served, milliseconds; 0 turns the guard off. */
  readonly hold: number;
}

/** What a source serves although its registry has lost it. */
export interface HeldLoss {
  readonly services: number;
  readonly instances: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
}

/** How the instances of a registry or a service differ from those at the start of the window. */
export interface LossCounts {
  /** How many there are now. */
  readonly present: number;
  /** Those of the window's start that are gone. */
  readonly lost: number;
  /** Those that are there now and were not at the window's start. */
  readonly gained: number;
  /** By how much the number of `gained` has fallen from its highest. */
  readonly dropped: number;
}

/** How far a number has fallen from its highest, where it had fallen by `before` and then `went` went and `came` came. */
export function drop(before: number, went: number, came: number): number {
  return Math.max(0, before + went - came);
}

/** How many instances are missing; one that came makes up for one of the window's start that is gone. */
export function missing({ lost, gained, dropped }: LossCounts): number {
  return dropped + Math.max(0, lost - gained);
}

/** Whether more than `share` is missing of what had at least `large` instances. */
export function isMassLoss(counts: LossCounts, share: number, large: number): boolean {
  const gone = missing(counts);
  const before = counts.present + gone;
  return before >= large && gone > before * share;
}
