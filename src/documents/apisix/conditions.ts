import { isDeepStrictEqual } from 'node:util';
import type { TextMatch } from '../../model/route.js';
import type { Reasons } from './reasons.js';

type Matches = Readonly<Record<string, TextMatch>>;

/** The conditions of a request beside its path. All must match. */
export interface Conditions {
  readonly headers: Matches;
  readonly query: Matches;
}

export const ALWAYS: Conditions = { headers: {}, query: {} };
/** Each alternative of a document is a route of its own for each of its paths. */
const MOST_ALTERNATIVES = 64;

/** All of both; a reason where they ask for two things of one header or parameter, which Envoy's routes have one matcher for here. */
export function both(a: Conditions, b: Conditions, reasons: Reasons): Conditions {
  return {
    headers: merged(a.headers, b.headers, 'header', reasons),
    query: merged(a.query, b.query, 'parameter', reasons),
  };
}

/** One of `a` and one of `b`. */
export function eachWithEach(
  a: readonly Conditions[],
  b: readonly Conditions[],
  reasons: Reasons,
): readonly Conditions[] {
  if (a.length * b.length > MOST_ALTERNATIVES) {
    reasons.add(`its conditions come to more than ${MOST_ALTERNATIVES} alternatives`);
    return [];
  }
  return a.flatMap((one) => b.map((other) => both(one, other, reasons)));
}

function merged(a: Matches, b: Matches, what: string, reasons: Reasons): Matches {
  const made: Record<string, TextMatch> = { ...a };
  for (const [name, match] of Object.entries(b)) {
    const other = Object.hasOwn(a, name) ? a[name] : undefined;
    const range = other && commonRange(other, match);
    if (other !== undefined && range === undefined && !isDeepStrictEqual(other, match))
      reasons.add(`two conditions on ${what} "${name}" are not carried over`);
    made[name] = range === undefined ? match : { range };
  }
  return made;
}

/** The numbers of both, such as those above 1 that are below 5. */
function commonRange(a: TextMatch, b: TextMatch): TextMatch['range'] {
  if (a.range === undefined || b.range === undefined || a.invert === true || b.invert === true)
    return undefined;
  const starts = [a.range.start, b.range.start].filter((start) => start !== undefined);
  const ends = [a.range.end, b.range.end].filter((end) => end !== undefined);
  return {
    ...(starts.length > 0 && { start: Math.max(...starts) }),
    ...(ends.length > 0 && { end: Math.min(...ends) }),
  };
}
