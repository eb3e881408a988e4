/** Names are looked up by their first characters. */
const START = 12;
/** How many places are looked at: names that begin alike may be compared with many of them. */
const MOST_PLACES = 1_000_000;

/**
 * Which of these names a message mentions: as a whole, not as a part of another word. The message is looked through
 * once, and each name is looked up in what was found, so that many names cost no more than a little each.
 */
export function mentionedIn(message: string, names: Iterable<string>): ReadonlySet<string> {
  const starts = startsIn(message);
  const found = new Set<string>();
  let places = 0;
  for (const name of names) {
    const at = starts.get(name.slice(0, START));
    if (at === undefined || places > MOST_PLACES) continue;
    places += at.length;
    if (at.some((place) => message.startsWith(name, place) && !isWord(message, place + name.length)))
      found.add(name);
  }
  return found;
}

/** Where words and signs begin, by the characters there: by {@link START} of them, and by fewer that may be a name. */
function startsIn(message: string): ReadonlyMap<string, readonly number[]> {
  const starts = new Map<string, number[]>();
  for (let start = 0; start < message.length; start += 1) {
    if (isWord(message, start - 1)) continue;
    for (let length = 1; length <= START && start + length <= message.length; length += 1) {
      if (length < START && isWord(message, start + length)) continue;
      const characters = message.slice(start, start + length);
      const places = starts.get(characters);
      if (places === undefined) starts.set(characters, [start]);
      // One place is enough for a name that is as short.
      else if (length === START) places.push(start);
    }
  }
  return starts;
}

/** Whether a letter, a digit, `_` or `-` stands there. */
function isWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 45
  );
}
