import type { Where } from './rules.js';

/** How a proxy speaks: the form of its requests, and one stream for all types or one for each. */
export interface Variant {
  readonly protocol: 'sotw' | 'delta';
  readonly streams: 'ads' | 'sep';
}

const ALL: readonly Variant[] = [
  { protocol: 'sotw', streams: 'ads' },
  { protocol: 'sotw', streams: 'sep' },
  { protocol: 'delta', streams: 'ads' },
  { protocol: 'delta', streams: 'sep' },
];

/** As it stands in the names of tests. */
export function labelOf(where: Where, { protocol, streams }: Variant): string {
  return where === 'once' ? 'once' : `${protocol}, ${streams}`;
}

/** The variants in which a rule holds. */
export function variantsOf(where: Where): readonly Variant[] {
  if (where === 'once') return ALL.slice(0, 1);
  return ALL.filter(
    ({ protocol, streams }) =>
      where === 'all' || where === protocol || where === streams || where === `${protocol}-${streams}`,
  );
}
