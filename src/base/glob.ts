/**
 * Whether a name matches one of these patterns, in which `*` stands for any run of characters. The time is linear in
 * the length of the name, however many stars a pattern has: each part of it is looked for once, from left to right.
 */
export function globMatcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const globs = patterns.filter((pattern) => pattern.includes('*')).map(globOf);
  return (name) => exact.has(name) || globs.some((glob) => matches(glob, name));
}

/** What stands before the first star of a pattern, between two of them, and after the last one. */
interface Glob {
  readonly start: string;
  readonly middle: readonly string[];
  readonly end: string;
}

function globOf(pattern: string): Glob {
  const parts = pattern.split('*');
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  return { start: parts[0] ?? '', middle, end: parts.at(-1) ?? '' };
}

function matches({ start, middle, end }: Glob, name: string): boolean {
  const last = name.length - end.length;
  if (start.length > last || !name.startsWith(start) || !name.endsWith(end)) return false;
  let at = start.length;
  for (const part of middle) {
    // The first place is the best one: what follows has the most room.
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
    if (at > last) return false;
  }
  return true;
}
