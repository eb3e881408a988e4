import { closest, distance } from 'fastest-levenshtein';

/** Longer names have no nearest one: comparing costs the product of two lengths. Characters. */
const LONGEST = 128;
/** How many names are looked through. */
const MOST_NAMES = 10_000;

/**
 * The name that someone may have meant, in a time that is bounded whatever is asked.
 * @param most how many letters it may differ in
 */
export function nearest(
  name: string,
  names: Iterable<string>,
  most = Number.POSITIVE_INFINITY,
): string | undefined {
  if (name.length > LONGEST) return undefined;
  const candidates: string[] = [];
  for (const other of names) {
    if (other.length > LONGEST || Math.abs(other.length - name.length) > most) continue;
    candidates.push(other);
    if (candidates.length === MOST_NAMES) break;
  }
  if (candidates.length === 0) return undefined;
  const found = closest(name, candidates);
  return distance(name, found) <= most ? found : undefined;
}
