/** Whether a name matches one of these patterns, in which `*` stands for any run of characters. */
export function globMatcher(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => false;
  const parts = patterns.map((pattern) => pattern.split('*').map(escaped).join('.*'));
  const expression = new RegExp(`^(?:${parts.join('|')})$`, 's');
  return (name) => expression.test(name);
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
