import { closest, distance } from 'fastest-levenshtein';

/** More names than these are not told one by one. */
const MOST_NAMES = 20;

/** Which of the names someone may have meant, as the end of a message. */
export function suggestion(name: string, names: readonly string[]): string {
  const nearest = names.length === 0 ? undefined : closest(name, names);
  if (nearest === undefined) return '';
  const near = distance(name, nearest) <= Math.max(2, Math.floor(name.length / 2));
  if (near) return `, did you mean "${nearest}"?`;
  return names.length > MOST_NAMES ? `; nearest: "${nearest}"` : `; known here: ${names.join(', ')}`;
}
