/** Longer texts of others are cut, characters. */
export const MOST_PRINTED = 2_000;

/**
 * What a terminal, an editor or a browser obeys in place of showing it: control characters (C0, DEL, C1, and with them
 * ANSI's escapes), format characters (overrides of the direction, what has no width), line and paragraph separators,
 * and halves of surrogate pairs.
 */
const STEERING = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]`;
const RUNS = new RegExp(`${STEERING}+`, 'gu');
const RUNS_WITHIN_LINES = new RegExp(`(?:(?!\\n)${STEERING})+`, 'gu');
const EACH_WITHIN_LINES = new RegExp(`(?!\\n)${STEERING}`, 'gu');

/**
 * A text of somebody else (a registry's error, a reason of a proxy, a name) to be printed as one line.
 * @param most characters that are kept; a longer text ends with "…"
 * @returns the text with a space for each run of characters that would steer what shows it
 */
export function printable(text: string, most = MOST_PRINTED): string {
  // Cut first: what is not printed costs nothing.
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replace(RUNS, ' ').trim();
}

/** The same for a page of lines that are ours, of any length. */
export function printableLines(page: string): string {
  return page.replace(RUNS_WITHIN_LINES, ' ');
}

/** Most JSON matches this, and the test takes a fraction of the time of the full search. */
const ONLY_PLAIN = /^[\n -~]*$/;

/** The same JSON data with escapes in place of control characters. */
export function printableJson(json: string): string {
  if (ONLY_PLAIN.test(json)) return json;
  return json.replace(EACH_WITHIN_LINES, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
