/** The most characters of somebody else's text that is shown in one place. */
const LONGEST = 500;

/**
 * Somebody else's text as it may be shown: of bounded length, with a replacement character in place of each control
 * character and each half of a surrogate pair.
 */
export function plainText(text: string, longest: number = LONGEST): string {
  const start = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return start.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}
