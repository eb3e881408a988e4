import { nearest } from './base/nearest.js';

/** More names than these are not told one by one. */
const MOST_NAMES = 20;
/** Problems of one text that get a suggestion: nobody reads more, and each takes its time. */
const MOST_SUGGESTIONS = 20;

/**
 * Which of the names someone may have meant, as the end of a message.
 * @param before how many problems the same text has had before this one
 */
export function suggestion(name: string, names: readonly string[], before = 0): string {
  if (names.length === 0 || before >= MOST_SUGGESTIONS) return '';
  const near = nearest(name, names, Math.max(2, Math.floor(name.length / 2)));
  if (near !== undefined) return `, did you mean "${near}"?`;
  if (names.length <= MOST_NAMES) return `; known here: ${names.join(', ')}`;
  const any = nearest(name, names);
  return any === undefined ? '' : `; nearest: "${any}"`;
}
